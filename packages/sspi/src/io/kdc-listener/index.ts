export type { KdcSource } from './client-address.js'
export type { KdcRefusal } from './gate.js'
export { answerKdcProxyMessage, kdcProxy, type KdcProxyOptions, type RealmHandlers } from './kdc-proxy.js'
export { listenKdc, type KdcListeners, type KdcListenOptions } from './listen.js'
