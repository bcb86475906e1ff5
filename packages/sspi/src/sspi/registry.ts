import { SspiError } from '../status/index.js'
import type { Packages, SecurityPackage } from './contract.js'

/** The packages of one security interface, in the order in which they were registered. */
export class PackageRegistry implements Packages {
  readonly #packages = new Map<string, SecurityPackage>()

  constructor(packages: readonly SecurityPackage[]) {
    for (const each of packages) this.add(each)
  }

  /** Registers a package. @throws {@link SspiError} `SEC_E_CANNOT_INSTALL` when its name is taken. */
  add(added: SecurityPackage): void {
    const key = added.info.name.toLowerCase()
    if (this.#packages.has(key)) {
      throw new SspiError('SEC_E_CANNOT_INSTALL', `package '${added.info.name}': a package of this name is registered`)
    }
    this.#packages.set(key, added)
  }

  /** Takes a package out; contexts that stand go on. @throws {@link SspiError} `SEC_E_SECPKG_NOT_FOUND`. */
  delete(name: string): void {
    if (!this.#packages.delete(name.toLowerCase())) throw unknown(name)
  }

  /** The package of a name; `undefined`, which programs without types may pass, is no package's. */
  find(name: string | undefined): SecurityPackage | undefined {
    return name === undefined ? undefined : this.#packages.get(name.toLowerCase())
  }

  /** The package of a name. @throws {@link SspiError} `SEC_E_SECPKG_NOT_FOUND`, naming those that exist. */
  require(name: string | undefined): SecurityPackage {
    const found = this.find(name)
    if (found === undefined) {
      throw unknown(
        name,
        [...this].map((each) => each.info.name),
      )
    }
    return found
  }

  [Symbol.iterator](): Iterator<SecurityPackage> {
    return this.#packages.values()
  }
}

function unknown(name: string | undefined, known?: readonly string[]): SspiError {
  const hint = known === undefined ? '' : `; registered are ${known.join(', ') || 'none'}`
  return new SspiError('SEC_E_SECPKG_NOT_FOUND', `package '${name ?? ''}' is not registered${hint}`)
}
