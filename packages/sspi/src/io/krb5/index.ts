// What Kerberos has on a machine: its configuration, the way to its KDCs, caches and keytabs. One door for those outside.

export {
  dirCcaches,
  fileCcache,
  kcmCaches,
  kcmCcache,
  loadKeytabFile,
  memoryCcache,
  openCcache,
  openCcacheCollection,
  saveKeytabFile,
  type CcacheCollection,
  type CcacheStore,
  type OpenCcacheOptions,
} from '../ccache-store/index.js'
export {
  dnsHosts,
  dnsResolver,
  kdcSender,
  locateKdcs,
  sendToKdc,
  systemResolver,
  type DnsHostsOptions,
  type HostAddress,
  type HostResolver,
  type KdcQuery,
  type KdcResolver,
  type KdcServer,
  type KdcService,
  type KdcTransportOptions,
  type Located,
  type LocateOptions,
  type SrvRecord,
} from '../kdc/index.js'
export {
  loadDefaultKrb5Conf,
  loadKrb5Conf,
  parseDuration,
  parseKrb5Conf,
  realmOfHost,
  type DefaultKrb5ConfOptions,
  type Expansions,
  type KerberosConfig,
  type KerberosConfigOptions,
  type RealmConfig,
} from '../krb5-conf/index.js'
export {
  ccacheCredential,
  keytabFileCredential,
  type CcacheCredentialOptions,
  type KeytabFileCredentialOptions,
} from './file-credentials.js'
export { defaultCredential, type DefaultCredentialOptions } from './default-credential.js'
export { performEffects } from './perform-effects.js'
