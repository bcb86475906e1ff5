#!/usr/bin/env node
import { run } from './run.js'
import { endOnBrokenPipe } from './terminal/broken-pipe.js'

endOnBrokenPipe()
process.exitCode = await run(process.argv.slice(2))
