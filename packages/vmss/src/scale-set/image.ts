import { checkResourceId, checkText, optionInvalid } from '../errors.ts'

/** What a marketplace asks to be named before it lets an image start. */
export interface ImagePlan {
  readonly name: string
  readonly publisher: string
  readonly product: string
}

/** An image that Azure's marketplace or a platform publisher offers. */
export interface PublishedImage {
  readonly publisher: string
  readonly offer: string
  readonly sku: string
  /** `latest`, or a version for workers that never change. */
  readonly version: string
  /** Images that are sold, even for nothing, need it. Their terms are to be accepted once per subscription. */
  readonly plan?: ImagePlan | undefined
}

/** One's own image: a gallery image, one of its versions, or a managed image. */
export interface OwnImage {
  readonly id: string
}

export type Image = PublishedImage | OwnImage

/** Ubuntu 24.04 LTS. Has cloud-init and an NFS client in its kernel, which is all that a worker's start needs. */
export const ubuntuImage: PublishedImage = {
  publisher: 'Canonical',
  offer: 'ubuntu-24_04-lts',
  sku: 'server',
  version: 'latest',
}

/** The controller of Avere vFXT, on which the original ran its workers. */
export const vfxtControllerImage: PublishedImage = {
  publisher: 'microsoft-avere',
  offer: 'vfxt',
  sku: 'avere-vfxt-controller',
  version: 'latest',
  plan: { name: 'avere-vfxt-controller', publisher: 'microsoft-avere', product: 'vfxt' },
}

/** The plan of most offers is called as their parts are. */
const planOf = ({ publisher, offer, sku }: PublishedImage): ImagePlan => ({
  name: sku,
  publisher,
  product: offer,
})

const part = /^[A-Za-z0-9][A-Za-z0-9._-]*$/
const imageType =
  /\/providers\/Microsoft\.Compute\/(?:images\/[^/]+|galleries\/[^/]+\/images\/[^/]+(?:\/versions\/[^/]+)?)$/i

export function checkImage(option: string, image: Image): Image {
  if ('id' in image) {
    return { id: checkResourceId(option, image.id, imageType, 'a gallery image, a version of one, or a managed image') }
  }
  for (const field of ['publisher', 'offer', 'sku', 'version'] as const) {
    checkText(`${option}.${field}`, image[field], part, 'a name as Azure lists it')
  }
  for (const field of ['name', 'publisher', 'product'] as const) {
    if (image.plan) checkText(`${option}.plan.${field}`, image.plan[field], part, 'a name as Azure lists it')
  }
  return image
}

/**
 * Reads what people type: `publisher:offer:sku:version`, or a resource id. With `plan`, a published image is named with
 * the plan that its offer usually has.
 */
export function parseImage(text: string, options: { readonly plan?: boolean } = {}): Image {
  if (text.startsWith('/')) return checkImage('image', { id: text })
  const [publisher, offer, sku, version, ...rest] = text.split(':')
  if (!publisher || !offer || !sku || !version || rest.length > 0) {
    throw optionInvalid('image', text, 'publisher:offer:sku:version or a resource id')
  }
  const image = { publisher, offer, sku, version }
  return checkImage('image', options.plan ? { ...image, plan: planOf(image) } : image)
}
