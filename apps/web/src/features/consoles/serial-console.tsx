import { useEffect, useRef, useState } from 'react'
import { toast } from '../../stores/toasts.ts'
import { Bdi } from '../../ui/bdi.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { CloseIcon, CopyIcon, DownloadIcon, SearchIcon } from '../../ui/icons.ts'
import { TextInput } from '../../ui/text-input.tsx'
import { download } from '../../util/download.ts'
import { ConsoleCover } from './console-cover.tsx'
import { ConsoleFrame, releaseFocus, type ConsolePanelProps } from './console-frame.tsx'
import { SerialPhoneKeys } from './phone-keys.tsx'
import type { SerialTerminal, TerminalSize } from './serial-terminal.ts'
import { useConsole } from './use-console.ts'

export function SerialConsole(props: ConsolePanelProps) {
  const { row } = props
  const { connection, phase, denied } = useConsole(props)
  const target = useRef<HTMLDivElement>(null)
  const [terminal, setTerminal] = useState<SerialTerminal>()
  const [size, setSize] = useState<TerminalSize>()
  const [readAloud, setReadAloud] = useState(true)
  const [finding, setFinding] = useState(false)
  const [heard, setHeard] = useState(false)
  const [link, setLink] = useState<URL>()

  useEffect(() => {
    let shown: SerialTerminal | undefined
    let left = false
    // Its cells are measured once: the font has to be there.
    void Promise.all([import('./serial-terminal.ts'), loadTerminalFont()]).then(([{ createSerialTerminal }]) => {
      if (left || !target.current) return
      shown = createSerialTerminal(target.current, {
        label: `Serial console of ${row.name}. Ctrl Alt . gives the keyboard back.`,
        onSize: setSize,
        onOutput: () => setHeard(true),
        onLink: setLink,
        onReleaseKeyboard: () => releaseFocus(target),
      })
      setTerminal(shown)
      connection.serve(shown.serve)
    })
    return () => {
      left = true
      connection.close()
      shown?.close()
    }
  }, [connection, row.name])

  async function copyAll() {
    const id = `copy console ${row.uid}`
    try {
      await navigator.clipboard.writeText(terminal?.text() ?? '')
      toast.done(id, 'Copied the serial console')
    } catch {
      toast.failed(id, 'Could not copy', 'The browser refused access to the clipboard.')
    }
  }
  const type = (text: string) => {
    terminal?.type(text)
    terminal?.focus()
  }

  return (
    <ConsoleFrame
      {...props}
      phase={phase}
      connection={connection}
      onReleaseKeyboard={() => terminal?.blur()}
      tools={
        <>
          <Button size="small" icon={SearchIcon} aria-pressed={finding} onClick={() => setFinding(!finding)}>
            Find
          </Button>
          <Button size="small" icon={CopyIcon} onClick={() => void copyAll()}>
            Copy all
          </Button>
          <Button
            size="small"
            icon={DownloadIcon}
            onClick={() => download(new Blob([terminal?.text() ?? ''], { type: 'text/plain' }), `${row.name}-serial.txt`)}
          >
            Download
          </Button>
          <Button
            size="small"
            aria-pressed={readAloud}
            onClick={() => {
              setReadAloud(!readAloud)
              terminal?.setScreenReader(!readAloud)
            }}
          >
            Screen reader {readAloud ? 'on' : 'off'}
          </Button>
        </>
      }
      facts={
        <>
          {size && (
            <span className="mono desk">
              {size.columns} × {size.rows} · ttyS0
            </span>
          )}
          {phase.name === 'live' && (
            <span className="desk">{heard ? 'You have control' : 'Quiet until the guest writes: press Enter'}</span>
          )}
        </>
      }
      phoneKeys={<SerialPhoneKeys type={type} onKeyboard={() => terminal?.focus()} />}
    >
      <div className="serialbox" data-keys="off">
        <div ref={target} />
      </div>
      {finding && terminal && (
        <FindBar
          terminal={terminal}
          onClose={() => {
            setFinding(false)
            terminal.find('')
            terminal.focus()
          }}
        />
      )}
      {link && <LeaveDialog url={link} name={row.name} onClose={() => setLink(undefined)} />}
      <ConsoleCover phase={phase} kind="serial" row={row} denied={denied} dispatch={connection.dispatch} />
    </ConsoleFrame>
  )
}

/** A guest can give any text any address: where it leads is read before it is followed. */
function LeaveDialog({ url, name, onClose }: { url: URL; name: string; onClose: () => void }) {
  const cancel = useRef<HTMLButtonElement>(null)
  return (
    <Dialog
      title={`Open ${url.host}?`}
      onClose={onClose}
      initialFocus={cancel}
      footer={
        <>
          <Button ref={cancel} onClick={onClose}>
            Cancel
          </Button>
          <Button
            variant="primary"
            render={<a href={url.href} target="_blank" rel="noopener noreferrer" aria-label={`Open ${url.host}`} />}
            onClick={onClose}
          >
            Open
          </Button>
        </>
      }
    >
      <p>
        The guest {name} wrote this link. It leads out of virtdeck, to <Bdi className="mono hi">{url.href}</Bdi>.
      </p>
    </Dialog>
  )
}

function FindBar({ terminal, onClose }: { terminal: SerialTerminal; onClose: () => void }) {
  const [text, setText] = useState('')
  const [missing, setMissing] = useState(false)
  const search = (wanted: string) => setMissing(!terminal.find(wanted))
  return (
    <form
      className="findbar"
      role="search"
      data-keys="off"
      onSubmit={(event) => {
        event.preventDefault()
        search(text)
      }}
      onKeyDown={(event) => event.key === 'Escape' && onClose()}
    >
      <TextInput
        autoFocus
        aria-label="Find in the serial console"
        placeholder="Find"
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          // From the end again: another word.
          terminal.find('')
          if (event.target.value) search(event.target.value)
          else setMissing(false)
        }}
      />
      <span className="hint" role="status">
        {missing && 'Not found'}
      </span>
      <IconButton small label="Close" icon={CloseIcon} onClick={onClose} />
    </form>
  )
}

const loadTerminalFont = () => document.fonts.load('13px "JetBrains Mono Variable"').catch(() => [])
