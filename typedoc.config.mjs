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

export default {
  name: 'sspi',
  entryPoints: entryPoints.map(({ source }) => source),
  tsconfig: 'packages/sspi/tsconfig.json',
  out: 'docs/api',
  plugin: [nameModules],
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  includeVersion: false,
  validation: { notExported: true, invalidLink: true, notDocumented: true, rewrittenLink: true },
  // What a reader of the page meets; parameters are described in the comment of their function.
  requiredToBeDocumented: ['Variable', 'Function', 'Class', 'Interface', 'Property', 'Method', 'Accessor', 'TypeAlias'],
  treatWarningsAsErrors: true,
}
