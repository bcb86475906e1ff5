export { Browser, type BrowserOptions, type Visit } from './chromium.js'
export { RpcClient, RpcFault, type RpcInterface, type RpcSecurity } from './dcerpc.js'
export { ask, DigestWeb, octetsOf, type DigestWebOptions, type SeenRequest, type WebAnswer } from './digest-web.js'
export { FrameDecoder, FrameType, StreamChannel, encodeFrame, type Frame, type FrameChannel } from './frames.js'
export { GssPeer, GssPeerExit, type GssPeerEnd, type GssPeerOptions, type GssPeerReport } from './gss-peer.js'
export { padataTypesOf, requestsOf, type LabRealm } from './kdc-requests.js'
export {
  LdapClient,
  LdapError,
  layerOf,
  type BindOptions,
  type LdapEntry,
  type SaslLayer,
  type Search,
} from './ldap.js'
export {
  GssPeerError,
  answerMessages,
  askInfo,
  askMessages,
  decodeAead,
  decodeIov,
  decodeMic,
  encodeAead,
  encodeIov,
  encodeMic,
  establish,
  expectFrame,
  pattern,
  quit,
  type AeadMessage,
  type AnswerOptions,
  type Answered,
  type AskOptions,
  type EstablishStep,
  type IovMessage,
  type MessageSession,
  type MicMessage,
  type PeerInfo,
} from './messages.js'
export {
  NtlmAuthClient,
  NtlmAuthError,
  NtlmAuthServer,
  type NtlmAuthClientOptions,
  type NtlmAuthFeature,
  type NtlmAuthOptions,
  type NtlmAuthServerOptions,
  type NtlmAuthVerdict,
} from './ntlm-auth.js'
export { GuardedWeb, type GuardedWebOptions } from './guarded-web.js'
export { localhostIdentity, NtlmWeb, type SeenAuthenticate } from './ntlm-web.js'
export {
  GSS_DOMAIN,
  PASSWORD,
  UTF8_PASSWORD,
  WINBIND_DOMAIN,
  apacheGssapi,
  commandOf,
  freeRdp,
  heimdalKdc,
  missing,
  mitKdc,
  rdesktop,
  sambaAd,
  squid,
  type ApacheGssapi,
  type FreeRdp,
  type HeimdalKdc,
  type MitKdc,
  type PeerName,
  type Rdesktop,
  type SambaAd,
  type Squid,
} from './peers.js'
export { ClientFolder, EmbeddedRealm, type EmbeddedRealmOptions } from './embedded-realm.js'
export { KerberosSide, type KerberosSideOptions } from './kerberos-side.js'
export { messagesOf, ourSide, stepOf } from './ours.js'
export { runProgram, runSspi, serveSspi, until, type Ended, type ProgramOptions, type SspiServer } from './programs.js'
export { Inbox } from './inbox.js'
export { carry, connectRdp, establishOver, listenRdp, listenWire, type RdpServer, type SecuredWire } from './rdp.js'
export { relayRdp, type RdpRelayOptions } from './rdp-relay.js'
export { RdesktopClient, type RdesktopOptions } from './rdesktop.js'
export { ENDPOINT_MAPPER, portOf, SAMR, SamrCalls } from './rpc-calls.js'
export { TicketFolder } from './ticket-folder.js'
export { SaslClient, type SaslClientOptions } from './sasl-client.js'
export { digestLayer, SaslSample, type SaslSampleOptions } from './sasl-sample.js'
export {
  GssCredSspServer,
  visitByGss,
  type GssCredSspServerOptions,
  type GssCredSspVisit,
  type Visitor,
} from './gss-credssp.js'
export { Wire } from './wire.js'
