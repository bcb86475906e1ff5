import { findingsOf, type Findings } from '../finding.js'
import type { Chart } from '../surroundings.js'

const { ok, warning, failed, skipped } = findingsOf('clock')

/** Our clock against the KDC's. */
export async function* checkClock({ config, kdcAheadMs }: Chart): Findings {
  if (config === undefined || kdcAheadMs === undefined) return yield skipped('no KDC has said what time it is')
  const seconds = Math.round(kdcAheadMs / 1000)
  const limit = config.clockSkewSeconds
  const what = `this clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'behind' : 'ahead of'} the KDC's`
  if (Math.abs(seconds) <= limit / 2) return yield ok('clock', `${what}, ${limit} s allowed`)
  const id = seconds > 0 ? 'clock-behind' : 'clock-ahead'
  const advice = 'let NTP or the hypervisor set the clock (timedatectl, chronyc tracking, w32tm /resync)'
  if (Math.abs(seconds) <= limit) return yield warning(id, `${what}: near the limit of ${limit} s`, advice)
  if (config.kdcTimesync) {
    return yield warning(
      id,
      `${what}, ${limit} s allowed`,
      `${advice}: the client goes by the KDC's (kdc_timesync), but servers on this machine refuse everybody`,
    )
  }
  yield failed(id, `${what}, ${limit} s allowed`, advice)
}
