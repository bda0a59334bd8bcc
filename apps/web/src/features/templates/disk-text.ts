import type { DiskOrigin, TemplateRow } from '@virtdeck/kubevirt'

/** Where the root disk comes from, on one line. */
export function originText(origin: DiskOrigin | undefined): string {
  switch (origin?.kind) {
    case 'clone':
      return `Clone of ${origin.name}`
    case 'existing':
      return `Volume ${origin.name}`
    case 'download':
      return origin.host ? `Download from ${origin.host}` : 'Download'
    case 'image':
      return `Image ${origin.image.replace(/^docker:\/\//, '').replace(/^[^/]+\//, '')}`
    case 'blank':
      return 'Blank disk'
    case undefined:
      return 'No disk'
  }
}

/** Whether what the guest writes is lost when it stops: the disk is an image, and no volume was made of it. */
export function diskIsScratch({ diskBytes, origin }: TemplateRow): boolean {
  return diskBytes === undefined && origin?.kind === 'image'
}

/** What there is to say about a disk that cannot be sized. */
export function diskText(facts: TemplateRow): string {
  const from = originText(facts.origin)
  if (diskIsScratch(facts)) return `${from}: what the guest writes lasts as long as it runs.`
  return facts.origin
    ? `${from}, in the size that it has.`
    : 'The template has no disk: it boots from the network, or from what is attached later.'
}
