import type { Figures, Workshop } from './gssbench.js'

/** What is measured: a package of ours, and the peer's figures for the same. */
export interface Subject {
  readonly name: string
  readonly peer: string
  ours(seconds: number): Promise<Figures>
  /** @param workshop - `undefined` where it could not be built: then there are no figures of what stands in it. */
  theirs(workshop: Workshop | undefined, seconds: number): Figures | Promise<Figures>
}
