/** A section of krb5.conf, of any depth. The top one holds the sections in brackets. */
export interface ProfileSection {
  /** Whether `*` marks it: the same section of later files is left aside. */
  readonly final: boolean
  /** The values of each relation, in their order. */
  readonly relations: ReadonlyMap<string, readonly string[]>
  /** The sections within it, each name once. */
  readonly sections: ReadonlyMap<string, ProfileSection>
}

/**
 * All values of a relation in their order, as `profile_get_values` of MIT krb5 gives them.
 *
 * @param path - The names of the sections, outermost first, and of the relation.
 * @returns none when there is no such relation.
 */
export function profileValues(profile: ProfileSection, path: readonly string[]): readonly string[] {
  const name = path.at(-1)
  if (name === undefined) throw new TypeError('profileValues: an empty path')
  return profileSection(profile, path.slice(0, -1))?.relations.get(name) ?? []
}

/** The section at a path; `undefined` when there is none. */
export function profileSection(profile: ProfileSection, path: readonly string[]): ProfileSection | undefined {
  let section: ProfileSection | undefined = profile
  for (const name of path) section = section?.sections.get(name)
  return section
}

/**
 * One profile out of several files, the first of which counts most: values of later files come behind those of earlier
 * ones, and a section that is final in one file is not added to by later ones.
 */
export function mergeProfiles(files: readonly ProfileSection[]): ProfileSection {
  const merged = new SectionBuilder()
  for (const file of files) add(merged, file)
  return merged
}

/** A section while it is read. */
export class SectionBuilder implements ProfileSection {
  final = false
  readonly relations = new Map<string, string[]>()
  readonly sections = new Map<string, SectionBuilder>()

  /** Puts a value behind those that the relation has. */
  addValue(name: string, value: string): void {
    const values = this.relations.get(name)
    if (values === undefined) this.relations.set(name, [value])
    else values.push(value)
  }

  /** The section of this name, made if it is not there. */
  section(name: string): SectionBuilder {
    let section = this.sections.get(name)
    if (section === undefined) {
      section = new SectionBuilder()
      this.sections.set(name, section)
    }
    return section
  }
}

function add(merged: SectionBuilder, file: ProfileSection): void {
  for (const [name, values] of file.relations) for (const value of values) merged.addValue(name, value)
  for (const [name, section] of file.sections) {
    const into = merged.section(name)
    if (into.final) continue
    add(into, section)
    into.final = section.final
  }
}
