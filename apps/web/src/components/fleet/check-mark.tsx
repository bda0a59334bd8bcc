import { IconMark } from '../../ui/icon.tsx'
import { CheckIcon } from '../../ui/icons.ts'

/** A box in a menu's item, which is what one presses. */
export function CheckMark({ checked }: { checked: boolean }) {
  return (
    <span className="cb" aria-hidden="true" data-checked={checked || undefined}>
      <IconMark icon={CheckIcon} />
    </span>
  )
}
