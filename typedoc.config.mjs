import { ReflectionKind } from 'typedoc'
import { entryPoints } from './scripts/entry-points.mjs'

/** Names each module after its entry point, as a user imports it, instead of after its file. */
function nameModules(app) {
  app.converter.on('createDeclaration', (context, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Module)) return
    const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName
    const entry = entryPoints.find(({ source }) => file?.endsWith(`/${source}`))
    if (entry) reflection.name = entry.name
  })
}

/**
 * Asks for a comment on each property of an interface or a class. Those of a constant's table or of a union's members
 * are described at their type; fields of Kerberos' messages, files and configuration stand in the section or on the page
 * that is named at theirs, so there it is options alone.
 */
function requireProperties(app) {
  app.on('validateProject', (project) => {
    for (const property of project.getReflectionsByKind(ReflectionKind.Property)) {
      const { parent, name } = property
      if (property.hasComment() || property.inheritedFrom || property.overwrites || /^\d+$/.test(name)) continue
      if (!parent?.kindOf([ReflectionKind.Interface, ReflectionKind.Class])) continue
      if (/^sspi\/(kerberos|krb5)$/.test(parent.parent?.name) && !parent.name.endsWith('Options')) continue
      app.logger.validationWarning(`${property.getFriendlyFullName()} does not have any documentation`)
    }
  })
}

/** Finds `SspiError` for the comments of files that throw it by way of others, and do not import it. */
function findSspiError(app) {
  app.converter.addUnknownSymbolResolver(({ symbolReference }, from) => {
    if (symbolReference?.path?.length !== 1 || symbolReference.path[0].path !== 'SspiError') return undefined
    const target = from.project.getReflectionsByKind(ReflectionKind.Class).find(({ name }) => name === 'SspiError')
    return target && { target }
  })
}

export default {
  name: 'sspi',
  entryPoints: entryPoints.map(({ source }) => source),
  tsconfig: 'packages/sspi/tsconfig.json',
  out: 'docs/api',
  plugin: [nameModules, requireProperties, findSspiError],
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeProtected: true,
  disableSources: true,
  includeVersion: false,
  validation: { notExported: true, invalidLink: true, notDocumented: true, rewrittenLink: true },
  // What a reader of the page meets; parameters are described in the comment of their function.
  requiredToBeDocumented: ['Variable', 'Function', 'Class', 'Interface', 'Method', 'Accessor', 'TypeAlias'],
  // What comes from Node's own types links to what is not on these pages.
  externalSymbolLinkMappings: { '@types/node': { '*': '#' } },
  treatWarningsAsErrors: true,
}
