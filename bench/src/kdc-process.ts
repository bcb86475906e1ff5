// An embedded KDC in a process of its own, for the benchmarks: prints its port, and serves until its input ends.
import { once } from 'node:events'
import { embeddedKdc, listenKdc, memoryPrincipals } from 'sspi/kdc'
import { Enctype } from 'sspi/kerberos'
import { BENCH_PASSWORD, BENCH_REALM, BENCH_SERVICE, BENCH_USER } from './kdc-figures.js'

const principals = memoryPrincipals({
  realm: BENCH_REALM,
  enctypes: [Enctype.AES256_CTS_HMAC_SHA1_96],
  entries: [
    { name: BENCH_USER, password: BENCH_PASSWORD, attributes: { requirePreauth: false } },
    { name: BENCH_SERVICE },
  ],
})
const kdc = embeddedKdc({ realm: BENCH_REALM, principals })
const listeners = await listenKdc({
  answer: kdc.handle,
  addresses: ['127.0.0.1'],
  port: 0,
  // One client asks for all.
  maxRequestsPerSecond: Infinity,
})
process.stdout.write(`${listeners.port}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await listeners.close()
