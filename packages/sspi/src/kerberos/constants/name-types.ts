/** Name types: RFC 4120 section 7.5.8, RFC 6111 section 3.1 (11), and those of Windows (below zero). */
export const NameType = {
  NT_UNKNOWN: 0,
  /** A user, or a service whose name says nothing more. */
  NT_PRINCIPAL: 1,
  /** A service and its instance, such as `krbtgt` and a realm. */
  NT_SRV_INST: 2,
  /** A service and its host. */
  NT_SRV_HST: 3,
  /** A service and its host, the host's name in components. */
  NT_SRV_XHST: 4,
  NT_UID: 5,
  NT_X500_PRINCIPAL: 6,
  NT_SMTP_NAME: 7,
  /** One component that may hold an `@`: a user principal name. */
  NT_ENTERPRISE: 10,
  /** The first component is `WELLKNOWN`. */
  NT_WELLKNOWN: 11,
  NT_MS_PRINCIPAL: -128,
  NT_MS_PRINCIPAL_AND_ID: -129,
  NT_ENT_PRINCIPAL_AND_ID: -130,
} as const
/** One of the name types that we know. */
export type NameType = (typeof NameType)[keyof typeof NameType]
