import type { DiskOrigin } from '@virtdeck/kubevirt'

/** Where the root disk comes from, on one line. */
export function originText(origin: DiskOrigin | undefined): string {
  switch (origin?.kind) {
    case 'clone':
      return `Clone of ${origin.name}`
    case 'download':
      return `Download from ${hostOf(origin.url)}`
    case 'image':
      return `Image ${origin.image.replace(/^docker:\/\//, '').replace(/^[^/]+\//, '')}`
    case 'blank':
      return 'Blank disk'
    case undefined:
      return 'No disk of its own'
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url
}
