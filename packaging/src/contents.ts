import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'

/** A package that is inside the programs. */
export interface Component {
  readonly name: string
  readonly version: string
  /** An SPDX licence expression, as its package.json has it. */
  readonly licence: string
  /** Its licence and notice files, as they are. */
  readonly licenceTexts: readonly string[]
  readonly description: string | undefined
  readonly homepage: string | undefined
  /** The registry that it comes from; ours come from this repository. */
  readonly kind: 'npm' | 'own'
}

interface PackageJson {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly description?: string
  readonly homepage?: string
}

const licenceFile = /^(?:licen[cs]e|copying|notice)(?:[.-]|$)/i

/**
 * The packages that gave a file to a bundle, sorted by name; `base` is the folder that the paths in the metafiles are
 * relative to. Throws for a package that does not say under which licence it is.
 */
export function componentsOf(metafiles: readonly Metafile[], base: string): Component[] {
  const folders = new Set<string>()
  for (const input of metafiles.flatMap(({ inputs }) => Object.keys(inputs))) {
    const [folder] = packageOf.exec(resolve(base, input)) ?? []
    if (folder !== undefined) folders.add(folder)
  }
  return [...folders].map(readComponent).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}

/** A package of ours, or the innermost one that was installed. */
const packageOf = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+|^.*\/packages\/[^/]+/

/** Node itself, which is in each executable with all that it is made of; its LICENSE names every part. */
export function nodeComponent(): Component {
  const licence = join(dirname(dirname(process.execPath)), 'LICENSE')
  return {
    name: 'node',
    version: process.versions.node,
    licence: 'MIT',
    licenceTexts: [readFileSync(licence, 'utf8')],
    description: 'Node.js, inside the executables alone',
    homepage: 'https://nodejs.org',
    kind: 'npm',
  }
}

function readComponent(folder: string): Component {
  const json = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson
  if (json.license === undefined) throw new Error(`${json.name}@${json.version}: its package.json names no licence`)
  const texts = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && licenceFile.test(entry.name))
    .map(({ name }) => readFileSync(join(folder, name), 'utf8').trim())
  return {
    name: json.name,
    version: json.version,
    licence: json.license,
    licenceTexts: texts,
    description: json.description,
    homepage: json.homepage,
    kind: folder.includes('/node_modules/') ? 'npm' : 'own',
  }
}

/**
 * A bill of materials in CycloneDX 1.6 (ECMA-424): what is inside the programs, each with version and licence. Its time is
 * that of the sources, and its serial number is made of what it lists, so that the same sources give the same file.
 */
export function sbom(version: string, components: readonly Component[], madeOf: Date): string {
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
    serialNumber: `urn:uuid:${nameBasedId(JSON.stringify([product, listed, madeOf]))}`,
    version: 1,
    metadata: { timestamp: madeOf.toISOString(), component: product },
    components: listed,
    dependencies: [{ ref: product['bom-ref'], dependsOn: listed.map((component) => component['bom-ref']) }],
  }
  return `${JSON.stringify(bom, undefined, 2)}\n`
}

/** A UUID of a text: version 8 of RFC 9562, section 5.8, out of its SHA-256. */
function nameBasedId(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
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

/** The notices that licences require with every copy: authors and terms. */
export function thirdPartyLicences(components: readonly Component[]): string {
  const others = components.filter(({ kind }) => kind !== 'own')
  const chapters = others.map(({ name, version, licence: terms, licenceTexts }) => {
    const text = licenceTexts.join('\n\n') || `${name} comes without a licence file; its package.json says: ${terms}`
    return `${'='.repeat(80)}\n${name} ${version}\n${terms}\n${'='.repeat(80)}\n\n${text}\n`
  })
  return `The CacheWarmer's programs hold the following software of others.\n\n${chapters.join('\n')}`
}
