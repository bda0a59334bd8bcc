import { useToasts, toast } from '../stores/toasts.ts'
import type { Toast } from '../stores/toasts.ts'
import { IconButton } from '../ui/button.tsx'
import { IconMark } from '../ui/icon.tsx'
import { CheckIcon, CloseIcon } from '../ui/icons.ts'
import { StateGlyph } from '../ui/state-glyph.tsx'
import { Told } from '../ui/bdi.tsx'

const SHOWN = 3

/** Bottom left: at most three, the rest as a number. What fails and what ends is read out when one pauses. */
export function Toaster() {
  const toasts = useToasts((state) => state.toasts)
  const more = Math.max(0, toasts.length - SHOWN)
  return (
    <section className="toasts" aria-label="Notifications" aria-live="polite" aria-relevant="additions text">
      {more > 0 && <p className="more">and {more} more</p>}
      {toasts.slice(-SHOWN).map((item) => (
        <ToastCard key={item.id} item={item} />
      ))}
    </section>
  )
}

function ToastCard({ item: { id, kind, text, cause } }: { item: Toast }) {
  return (
    <div className="toast">
      <ToastMark kind={kind} />
      <p>
        <Told>{text}</Told>
      </p>
      {kind !== 'running' && <IconButton label="Dismiss" icon={CloseIcon} small onClick={() => toast.dismiss(id)} />}
      {cause && (
        <small>
          <Told>{cause}</Told>
        </small>
      )}
    </div>
  )
}

function ToastMark({ kind }: Pick<Toast, 'kind'>) {
  if (kind === 'running') return <StateGlyph state="transit" className="c-transit" />
  if (kind === 'failed') return <StateGlyph state="error" className="c-error" />
  return <IconMark icon={CheckIcon} className="c-running" />
}
