/** Runs the import rules of `.dependency-cruiser.mjs` over every workspace: `node scripts/check-rules.mjs`. */
import { existsSync } from 'node:fs'
import { cruise } from 'dependency-cruiser'
import config from '../.dependency-cruiser.mjs'

const folders = ['packages/sspi', 'packages/sspi-cli', 'packages/sspi-spake', 'examples', 'lab', 'bench']
  .flatMap((workspace) => [`${workspace}/src`, `${workspace}/test`])
  .filter((folder) => existsSync(folder))

const { forbidden, options } = config
const { output, exitCode } = await cruise(folders, {
  ...options,
  ruleSet: { forbidden },
  validate: true,
  outputType: 'err-long',
})
process.stdout.write(output)
process.exitCode = exitCode
