import type { ComponentType } from 'react'

/** What `icon` props take: an icon component, such as those of ui/icons.ts. */
export type Icon = ComponentType<{ className?: string; 'aria-hidden'?: boolean }>

/** An icon beside a word that says the same: hidden from assistive technology. */
export function IconMark({ icon: Mark, className }: { icon: Icon; className?: string }) {
  return <Mark className={className ? `ic ${className}` : 'ic'} aria-hidden />
}
