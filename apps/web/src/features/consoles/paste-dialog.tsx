import { useEffect, useRef, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { Progress } from '../../ui/progress.tsx'
import { TextArea } from '../../ui/text-input.tsx'
import { typeable } from './console-keys.ts'

/** Guests drop keys that come faster. */
const keyEveryMs = 20

/** Types a text into the guest, key by key: a screen has no clipboard of its own. */
export function PasteDialog({ name, onKey, onClose }: { name: string; onKey: (character: string) => void; onClose: () => void }) {
  const [text, setText] = useState('')
  const [typed, setTyped] = useState<number>()
  const field = useRef<HTMLTextAreaElement>(null)
  const characters = typeable(text)
  const timer = useRef<ReturnType<typeof setInterval>>(undefined)
  useEffect(() => () => clearInterval(timer.current), [])

  function start() {
    let at = 0
    setTyped(0)
    timer.current = setInterval(() => {
      const next = characters[at]
      if (next === undefined) {
        onClose()
        return
      }
      onKey(next)
      at += 1
      setTyped(at)
    }, keyEveryMs)
  }

  return (
    <Dialog
      title={`Paste text into ${name}`}
      onClose={onClose}
      initialFocus={field}
      footer={
        <>
          <Button onClick={onClose}>{typed === undefined ? 'Cancel' : 'Stop'}</Button>
          <Button
            variant="primary"
            loading={typed !== undefined}
            disabledReason={characters.length === 0 ? 'There is no text to type.' : undefined}
            onClick={start}
          >
            Type {characters.length > 0 && `${characters.length} characters`}
          </Button>
        </>
      }
    >
      <p>The text is typed as keys, on a US keyboard layout. Keep secrets out of shared screens.</p>
      <TextArea
        ref={field}
        mono
        className="pastebox"
        aria-label="Text to type"
        value={text}
        readOnly={typed !== undefined}
        onChange={(event) => setText(event.target.value)}
      />
      {typed !== undefined && <Progress wide label="Typing" value={(100 * typed) / Math.max(1, characters.length)} />}
    </Dialog>
  )
}
