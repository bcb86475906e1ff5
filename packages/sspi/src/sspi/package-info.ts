/** SecPkgInfo: what a package is and can do, as `enumerateSecurityPackages` lists it. */
export interface SecPkgInfo {
  /** The name to ask for it by. */
  readonly name: string
  /** For people. */
  readonly comment: string
  /** `SECPKG_FLAG_…`. */
  readonly capabilities: number
  /** Of the package's protocol; 1 as a rule. */
  readonly version: number
  /** Its number in DCE/RPC (`RPC_C_AUTHN_…`), or `SECPKG_ID_NONE`. */
  readonly rpcId: number
  /** The longest token it sends, in bytes. */
  readonly maxToken: number
}
