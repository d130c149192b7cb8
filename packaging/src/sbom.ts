import type { Component } from './components.ts'

/**
 * A bill of materials in CycloneDX 1.6 (ECMA-424): what is inside the programs, each with version and licence. It has
 * neither a time nor a random serial number, so that the same sources give the same file.
 */
export function sbom(version: string, components: readonly Component[]): string {
  const product = { type: 'application', name: 'cachewarmer', version, 'bom-ref': reference('cachewarmer', version) }
  const listed = components.map((component) => ({
    type: component.name === 'node' ? 'platform' : 'library',
    'bom-ref': reference(component.name, component.version),
    ...named(component.name),
    version: component.version,
    ...(component.description === undefined ? {} : { description: component.description }),
    licenses: [licence(component.licence)],
    purl: packageUrl(component),
    ...(component.homepage === undefined ? {} : { externalReferences: [{ type: 'website', url: component.homepage }] }),
  }))
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: product },
    components: listed,
    dependencies: [{ ref: product['bom-ref'], dependsOn: listed.map((component) => component['bom-ref']) }],
  }
  return `${JSON.stringify(bom, undefined, 2)}\n`
}

const reference = (name: string, version: string): string => `${name}@${version}`

/** npm's scope is a group. */
function named(name: string): { name: string; group?: string } {
  const at = name.indexOf('/')
  return at < 0 ? { name } : { group: name.slice(0, at), name: name.slice(at + 1) }
}

const licence = (expression: string): object =>
  /^[\w.+-]+$/.test(expression) ? { license: { id: expression } } : { expression }

/** See the purl specification: the scope's @ is encoded, the slash is not. */
const packageUrl = ({ name, version }: Component): string =>
  name === 'node' ? `pkg:generic/node@${version}` : `pkg:npm/${name.replace('@', '%40')}@${version}`

/** What the licences want to go along with every copy: who made what, and under which terms. */
export function thirdPartyLicences(components: readonly Component[]): string {
  const others = components.filter(({ kind }) => kind !== 'own')
  const chapters = others.map(({ name, version, licence: terms, licenceTexts }) => {
    const text = licenceTexts.join('\n\n') || `${name} comes without a licence file; its package.json says: ${terms}`
    return `${'='.repeat(80)}\n${name} ${version}\n${terms}\n${'='.repeat(80)}\n\n${text}\n`
  })
  return `The CacheWarmer's programs hold the following software of others.\n\n${chapters.join('\n')}`
}
