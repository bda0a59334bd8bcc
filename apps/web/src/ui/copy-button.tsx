import { useEffect, useRef, useState } from 'react'
import { IconButton } from './button.tsx'
import { CheckIcon, CopyIcon } from './icons.ts'

const SHOWN_MS = 1_500

/** Copies and says so for a moment, in its own place. */
export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])

  async function copy() {
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      return // No permission, or no secure context: the text stays selectable.
    }
    setCopied(true)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => setCopied(false), SHOWN_MS)
  }

  return (
    <span className={copied ? 'copy c-running' : 'copy'}>
      <IconButton label={label} icon={copied ? CheckIcon : CopyIcon} small onClick={() => void copy()} />
      <span className="sr" role="status">
        {copied ? 'Copied' : ''}
      </span>
    </span>
  )
}
