import {
  SECPKG_ATTR_NEGOTIATION_INFO,
  SECPKG_NEGOTIATION_DIRECT,
  type ContextAttribute,
  type ContextAttributes,
  type Exchange,
  type Input,
  type SecurityPackage,
  type Step,
} from '../sspi/index.js'

/** A mechanism that came without any negotiation around it: its tokens pass as they are. */
export class DirectExchange implements Exchange {
  readonly #of: SecurityPackage
  readonly #exchange: Exchange

  constructor(of: SecurityPackage, exchange: Exchange) {
    this.#of = of
    this.#exchange = exchange
  }

  get contextAttr(): number {
    return this.#exchange.contextAttr
  }

  step(input: Input): Step {
    const step = this.#exchange.step(input)
    return step.kind === 'done' ? { ...step, by: step.by ?? this.#of } : step
  }

  query<A extends ContextAttribute>(attribute: A): ContextAttributes[A] | undefined {
    const own: { readonly [A in ContextAttribute]?: ContextAttributes[A] } = {
      [SECPKG_ATTR_NEGOTIATION_INFO]: { packageInfo: this.#of.info, negotiationState: SECPKG_NEGOTIATION_DIRECT },
    }
    return own[attribute] ?? this.#exchange.query(attribute)
  }

  dispose(): void {
    this.#exchange.dispose()
  }
}
