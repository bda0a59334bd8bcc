// The keys that a phone's keyboard lacks.
import { useRef, useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { ClipboardIcon, KeyboardIcon } from '../../ui/icons.ts'
import { chord, functionKey, keys, typeCharacter, type Key, type KeyStroke } from './console-keys.ts'

const keyLabels: Record<string, string> = {
  Escape: 'Esc',
  MetaLeft: 'Windows key',
  PrintScreen: 'Print Screen',
  ArrowLeft: '←',
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowRight: '→',
  ControlLeft: 'Ctrl',
  AltLeft: 'Alt',
}
export const keyLabel = ({ code }: Key) => keyLabels[code] ?? code
const keyNames: Record<string, string> = { ArrowLeft: 'Left', ArrowUp: 'Up', ArrowDown: 'Down', ArrowRight: 'Right' }

export function ScreenPhoneKeys({
  off,
  press,
  onPaste,
}: {
  off?: string
  press: (strokes: readonly KeyStroke[]) => void
  onPaste: () => void
}) {
  const [held, setHeld] = useState<readonly Key[]>([])
  const field = useRef<HTMLTextAreaElement>(null)
  const send = (key: Key) => {
    press(chord(...held, key))
    setHeld([])
  }
  return (
    <>
      <div className="keys phone" role="toolbar" aria-label="Keys">
        {[keys.escape, keys.tab].map((key) => (
          <PhoneKey key={key.code} of={key} onPress={() => send(key)} />
        ))}
        {[keys.control, keys.alt].map((key) => (
          <PhoneKey
            key={key.code}
            of={key}
            pressed={held.includes(key)}
            onPress={() => setHeld(held.includes(key) ? held.filter((other) => other !== key) : [...held, key])}
          />
        ))}
        {[keys.left, keys.up, keys.down, keys.right, functionKey(1)].map((key) => (
          <PhoneKey key={key.code} of={key} onPress={() => send(key)} />
        ))}
      </div>
      <div className="keys two phone">
        <Button icon={KeyboardIcon} disabledReason={off} onClick={() => field.current?.focus()}>
          Keyboard
        </Button>
        <Button icon={ClipboardIcon} disabledReason={off} onClick={onPaste}>
          Paste
        </Button>
        <Button disabledReason={off} onClick={() => press(chord(keys.control, keys.alt, keys.delete))}>
          Ctrl+Alt+Del
        </Button>
        <textarea
          ref={field}
          className="softkeys"
          aria-label="Type into the guest"
          tabIndex={-1}
          autoCapitalize="off"
          autoComplete="off"
          spellCheck={false}
          // A phone's keyboard deletes only where something stands.
          value=" "
          onChange={(event) => {
            const { value } = event.target
            if (value === '') send(keys.backspace)
            for (const character of value.slice(1)) {
              const [first] = typeCharacter(character)
              if (held.length > 0 && first) send(first.key)
              else press(typeCharacter(character))
            }
            field.current?.focus()
          }}
        />
      </div>
    </>
  )
}

function PhoneKey({ of, pressed, onPress }: { of: Key; pressed?: boolean; onPress: () => void }) {
  return (
    <button type="button" aria-label={keyNames[of.code]} aria-pressed={pressed} onClick={onPress}>
      {keyLabel(of)}
    </button>
  )
}

const serialKeys: { label: string; name?: string; text: string }[] = [
  { label: 'Esc', text: '\x1b' },
  { label: 'Tab', text: '\t' },
  { label: '^C', name: 'Ctrl C', text: '\x03' },
  { label: '^D', name: 'Ctrl D', text: '\x04' },
  { label: '←', name: 'Left', text: '\x1b[D' },
  { label: '↑', name: 'Up', text: '\x1b[A' },
  { label: '↓', name: 'Down', text: '\x1b[B' },
  { label: '→', name: 'Right', text: '\x1b[C' },
]

export function SerialPhoneKeys({ type, onKeyboard }: { type: (text: string) => void; onKeyboard: () => void }) {
  return (
    <>
      <div className="keys phone" role="toolbar" aria-label="Keys">
        {serialKeys.map(({ label, name, text }) => (
          <button key={label} type="button" aria-label={name} onClick={() => type(text)}>
            {label}
          </button>
        ))}
      </div>
      <div className="keys two phone">
        <Button icon={KeyboardIcon} onClick={onKeyboard}>
          Keyboard
        </Button>
        <Button onClick={() => type('\r')}>Enter</Button>
      </div>
    </>
  )
}
