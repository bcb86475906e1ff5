// An LDAP bind by SASL: whoever logs on is authenticated by Negotiate, and all that follows is signed and encrypted.
import { once } from 'node:events'
import { connect } from 'node:net'
import type { CredentialValue, SecurityFunctionTable } from 'sspi'
import * as ldap from './ldap-messages.js'

/** A server, and the name of an entry in it. */
export interface Entry {
  readonly host: string
  readonly port: number
  readonly target: string
  readonly name: string
}

/** Binds to the server and looks the entry up; returns its name as the server spells it. */
export async function lookUp(sspi: SecurityFunctionTable, credentials: CredentialValue, entry: Entry): Promise<string> {
  const socket = connect(entry.port, entry.host)
  try {
    await once(socket, 'connect')
    using exchange = sspi.initiate({ package: 'Negotiate', credentials, target: entry.target })
    let step = await exchange.step()
    for (let id = 1, result = ldap.SASL_BIND_IN_PROGRESS; result !== ldap.SUCCESS; id++) {
      socket.write(ldap.bindRequest(id, 'GSS-SPNEGO', step.token ?? new Uint8Array()))
      const answer = ldap.readBindResponse(await ldap.readMessage(socket))
      result = answer.result
      if (result !== ldap.SUCCESS && result !== ldap.SASL_BIND_IN_PROGRESS) throw new Error(`bind: result ${result}`)
      if (answer.token && !step.done) step = await exchange.step(answer.token)
    }
    using session = exchange.session // throws, when the server is content and our side is not
    socket.write(ldap.frame(session.seal(ldap.searchRequest(99, entry.name))))
    return ldap.readEntryName(session.unseal(await ldap.readFrame(socket))) ?? 'no such entry'
  } finally {
    socket.destroy()
  }
}
