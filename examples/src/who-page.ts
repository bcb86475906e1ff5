import type { HttpLogOn } from 'sspi/http'

/** A page that shows who has come, and how that is known; without a log-on, that nobody has. */
export function whoPage(logOn: HttpLogOn | undefined): string {
  const body = logOn === undefined ? NOBODY : known(logOn)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who is there?</title>
<style>${STYLE}</style>
<main>${body}</main>
</html>
`
}

function known({ user, scheme, mechanism, mutual, channelBound, from, expiry }: HttpLogOn): string {
  const { name, domain, sid, groups } = user.user
  const forever = expiry.getFullYear() > 9999
  const rows: readonly (readonly [string, string])[] = [
    ['Package', scheme],
    ['Mechanism', mechanism],
    ['This request', FROM[from]],
    ['Server proven to the client', yesOrNo(mutual)],
    ['Bound to the TLS channel', yesOrNo(channelBound)],
    ['May act for the user', user.impersonationLevel],
    [
      'Good until',
      forever ? 'the connection ends' : `<time>${expiry.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>`,
    ],
    ['Name proven by', `${user.origins.name.source}, ${user.origins.name.integrity}`],
    ['SID', sid === undefined ? '<i>not told</i>' : `<code>${escaped(sid)}</code>`],
    [
      'Groups',
      groups.length === 0 ? '<i>not told</i>' : groups.map((group) => `<code>${escaped(group)}</code>`).join('<br>'),
    ],
  ]
  const list = rows.map(([term, description]) => `<div><dt>${term}</dt><dd>${description}</dd></div>`)
  return `
  <header>
    <span class="badge" aria-hidden="true">${escaped(name.slice(0, 1).toUpperCase())}</span>
    <div><h1>${escaped(name)}</h1><p>${escaped(domain || 'a local account')}</p></div>
  </header>
  <dl>${list.join('\n')}</dl>
`
}

const FROM: Readonly<Record<HttpLogOn['from'], string>> = {
  exchange: 'brought credentials of its own',
  connection: 'came over a connection that has logged on',
  cookie: 'brought a session cookie',
}

function yesOrNo(is: boolean): string {
  return is ? '<b class="yes">yes</b>' : '<b class="no">no</b>'
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const NOBODY = `
  <header><span class="badge" aria-hidden="true">?</span><div><h1>Nobody</h1><p>Not logged on</p></div></header>
  <p class="hint">Log on to the domain and come back, or allow your browser to authenticate to this site.</p>
`

const STYLE = `
:root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6778; --line: #dfe5ec; --card: #fff; --back: #eef2f7; --accent: #2557d6 }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf4; --soft: #9aa7b8; --line: #2b3644; --card: #18202b; --back: #0e141c; --accent: #7aa2ff } }
* { box-sizing: border-box; margin: 0 }
body { min-height: 100vh; display: grid; place-items: center; padding: 2rem; background: var(--back); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif }
main { width: min(42rem, 100%); background: var(--card); border: 1px solid var(--line); border-radius: 1rem; overflow: hidden;
  box-shadow: 0 1px 2px #0001, 0 12px 32px -12px #0003 }
header { display: flex; gap: 1.25rem; align-items: center; padding: 1.75rem 2rem; border-bottom: 1px solid var(--line) }
.badge { display: grid; place-items: center; width: 4rem; height: 4rem; border-radius: 50%; background: var(--accent); color: var(--card);
  font-size: 1.75rem; font-weight: 600 }
h1 { font-size: 1.6rem; line-height: 1.2; letter-spacing: -.01em }
header p, dt, .hint { color: var(--soft) }
dl { padding: .5rem 2rem 1.25rem }
dl div { display: grid; grid-template-columns: 14rem 1fr; gap: 1rem; padding: .6rem 0 }
dl div + div { border-top: 1px solid var(--line) }
dd { font-weight: 500; overflow-wrap: anywhere }
code { font: .85em ui-monospace, "DejaVu Sans Mono", monospace }
.yes { color: #1a8a4a } .no { color: var(--soft); font-weight: 500 } i { color: var(--soft); font-weight: 400 }
.hint { padding: 1.5rem 2rem 2rem }
@media (max-width: 34rem) { dl div { grid-template-columns: 1fr; gap: 0 } }
`
