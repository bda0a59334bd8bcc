// A VM's console with everything around it: toolbar, stage, what covers it, foot, and keys for phones.
import { statusWords, verbAccess, vmCommand, vmState, type VmRow } from '@virtdeck/kubevirt'
import { useEffect, useId, useRef, useState, useSyncExternalStore } from 'react'
import type { ReactNode, RefObject } from 'react'
import { Link } from 'react-router'
import { useAccess } from '../../api/access.ts'
import type { Action } from '../../components/action.ts'
import { paths } from '../../paths.ts'
import { Button, IconButton } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import {
  CameraIcon,
  ChevronLeftIcon,
  ClipboardIcon,
  CloseIcon,
  CopyIcon,
  DownloadIcon,
  ExitFullscreenIcon,
  ExternalIcon,
  EyeIcon,
  ForceStopIcon,
  FullscreenIcon,
  KeyboardIcon,
  SearchIcon,
  ZoomIcon,
} from '../../ui/icons.ts'
import { Keys } from '../../ui/kbd.tsx'
import { Menu } from '../../ui/menu.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { StateGlyph, type State } from '../../ui/state-glyph.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { toast } from '../../stores/toasts.ts'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { createConsoleConnection, type ConsoleConnection } from './console-connection.ts'
import { ConsoleCover } from './console-cover.tsx'
import { chord, functionKey, keys, typeCharacter, type Key, type KeyStroke } from './console-keys.ts'
import type { ConsoleKind, ConsolePhase } from './console-session.ts'
import './consoles.css'
import { useHeldByOwnTab } from './own-tabs.ts'
import { PasteDialog } from './paste-dialog.tsx'
import type { SerialTerminal, TerminalSize } from './serial-terminal.ts'
import { vmFacts } from './vm-facts.ts'
import type { ScreenSize, VncScreen } from './vnc-screen.ts'

type ConsolePanelProps = {
  row: VmRow
  /** The VM was there and is no more. */
  gone?: boolean
  kind: ConsoleKind
  onKind: (kind: ConsoleKind) => void
  /** In a browser tab of its own it says where one is, and cannot be opened in another once more. */
  alone?: boolean
}

export function ConsolePanel(props: ConsolePanelProps) {
  // Screen and serial line are two connections: the one that is not looked at is closed.
  return props.kind === 'vnc' ? <ScreenConsole key="vnc" {...props} /> : <SerialConsole key="serial" {...props} />
}

function ScreenConsole(props: ConsolePanelProps) {
  const { row } = props
  const { connection, phase, denied } = useConsole(props)
  const target = useRef<HTMLDivElement>(null)
  const [screen, setScreen] = useState<VncScreen>()
  const [size, setSize] = useState<ScreenSize>()
  const [pictureAtMs, setPictureAtMs] = useState<number>()
  const [viewOnly, setViewOnly] = useState(false)
  const [fit, setFit] = useState(true)
  const [pasting, setPasting] = useState(false)
  const ownTab = useHeldByOwnTab(row.uid, phase)
  const hintId = useId()

  useEffect(() => {
    let shown: VncScreen | undefined
    let left = false
    void import('./vnc-screen.ts').then(({ createVncScreen }) => {
      if (left || !target.current) return
      shown = createVncScreen(target.current, {
        label: `Screen of ${row.name}`,
        describedBy: hintId,
        onSize: setSize,
        onKeptPicture: () => setPictureAtMs(Date.now()),
      })
      setScreen(shown)
      connection.serve(shown.serve)
    })
    return () => {
      left = true
      connection.close()
      shown?.close()
    }
  }, [connection, hintId, row.name])

  const press = (strokes: readonly KeyStroke[]) => {
    screen?.press(strokes)
    screen?.focus()
  }
  const off = phase.name !== 'live' ? 'The screen is not connected.' : viewOnly ? 'View only is on.' : undefined
  const sendKeys: Action[] = [
    { id: 'cad', label: 'Ctrl+Alt+Del', group: 'system', disabled: off, run: () => press(chord(keys.control, keys.alt, keys.delete)) },
    ...[keys.escape, keys.tab, keys.super, keys.printScreen].map((key): Action => ({
      id: key.code,
      label: keyLabel(key),
      group: 'single',
      disabled: off,
      run: () => press(chord(key)),
    })),
    ...Array.from({ length: 12 }, (_, index): Action => {
      const label = `Ctrl+Alt+F${index + 1}`
      return { id: label, label, group: 'consoles', disabled: off, run: () => press(chord(keys.control, keys.alt, functionKey(index + 1))) }
    }),
  ]

  return (
    <ConsoleFrame
      {...props}
      phase={phase}
      connection={connection}
      onReleaseKeyboard={() => screen?.releaseKeyboard()}
      tools={
        <>
          <Menu
            label="Send keys"
            actions={sendKeys}
            finalFocus={() => target.current?.querySelector<HTMLElement>('canvas:not([data-kept])') ?? null}
            trigger={
              <Button size="small" icon={KeyboardIcon} caret>
                Send keys
              </Button>
            }
          />
          <Button size="small" icon={ClipboardIcon} disabledReason={off} onClick={() => setPasting(true)}>
            Paste text…
          </Button>
          <Menu
            label="Size of the screen"
            actions={[
              { id: 'fit', label: 'Fit to the window', run: () => show(true) },
              { id: 'actual', label: 'Actual size, 1:1', run: () => show(false) },
            ]}
            trigger={
              <Button size="small" caret>
                {fit ? 'Fit' : '1:1'}
              </Button>
            }
          />
          <Button
            size="small"
            icon={EyeIcon}
            aria-pressed={viewOnly}
            variant={viewOnly ? 'primary' : 'secondary'}
            onClick={() => {
              setViewOnly(!viewOnly)
              screen?.setViewOnly(!viewOnly)
            }}
          >
            View only
          </Button>
        </>
      }
      picture={
        <>
          <IconButton className="phone" label={fit ? 'Actual size' : 'Fit to the window'} icon={ZoomIcon} onClick={() => show(!fit)} />
          <IconButton
            className="desk"
            label="Take a screenshot"
            icon={CameraIcon}
            disabledReason={phase.name === 'live' ? undefined : 'The screen is not connected.'}
            onClick={() => void screen?.picture().then((blob) => blob && download(blob, `${row.name}.png`))}
          />
        </>
      }
      facts={
        <>
          {size && size.width > 0 && (
            <span className="mono desk">
              {size.width} × {size.height}
            </span>
          )}
          {phase.name === 'live' && <span className="desk">{viewOnly ? 'You are watching' : 'You have control'}</span>}
        </>
      }
      phoneKeys={<ScreenPhoneKeys off={off} press={press} onPaste={() => setPasting(true)} />}
    >
      <div className="vncbox" ref={target} data-keys="off" />
      <span id={hintId} hidden>
        Keys go to the guest. Ctrl Alt . gives the keyboard back.
      </span>
      <ConsoleCover
        phase={phase}
        kind="vnc"
        row={row}
        denied={denied}
        ownTab={ownTab}
        pictureAtMs={pictureAtMs}
        dispatch={connection.dispatch}
      />
      {pasting && (
        <PasteDialog name={row.name} onKey={(character) => screen?.press(typeCharacter(character))} onClose={() => setPasting(false)} />
      )}
    </ConsoleFrame>
  )

  function show(whole: boolean) {
    setFit(whole)
    screen?.setFit(whole)
  }
}

function SerialConsole(props: ConsolePanelProps) {
  const { row } = props
  const { connection, phase, denied } = useConsole(props)
  const target = useRef<HTMLDivElement>(null)
  const [terminal, setTerminal] = useState<SerialTerminal>()
  const [size, setSize] = useState<TerminalSize>()
  const [readAloud, setReadAloud] = useState(true)
  const [finding, setFinding] = useState(false)
  const [heard, setHeard] = useState(false)

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
      <ConsoleCover phase={phase} kind="serial" row={row} denied={denied} dispatch={connection.dispatch} />
    </ConsoleFrame>
  )
}

/** The connection of a console, kept up to date with what is known of the VM and of one's rights. */
function useConsole({ row, gone, kind }: ConsolePanelProps): { connection: ConsoleConnection; phase: ConsolePhase; denied?: string } {
  const facts = vmFacts(gone ? undefined : row)
  const [connection] = useState(() => createConsoleConnection(row, kind, facts))
  const { phase } = useSyncExternalStore(connection.subscribe, connection.session)
  const access = useAccess(row.namespace)(verbAccess(kind === 'vnc' ? 'vnc' : 'console'))
  const denied = access.allowed === false ? access.reason : undefined
  const allowed = access.allowed === true

  const { power, migration } = facts
  const migrating = migration !== undefined
  const targetNode = migration?.targetNode
  useEffect(() => {
    connection.dispatch({ type: 'vm', vm: { power, ...(migrating && { migration: targetNode === undefined ? {} : { targetNode } }) } })
  }, [connection, power, migrating, targetNode])
  useEffect(() => {
    if (denied !== undefined) connection.dispatch({ type: 'deny' })
    else if (allowed && connection.session().phase.name === 'idle') connection.dispatch({ type: 'open' })
  }, [connection, allowed, denied])
  return { connection, phase, denied }
}

type FrameProps = ConsolePanelProps & {
  phase: ConsolePhase
  connection: ConsoleConnection
  tools: ReactNode
  picture?: ReactNode
  facts: ReactNode
  phoneKeys: ReactNode
  onReleaseKeyboard: () => void
  children: ReactNode
}

function ConsoleFrame({
  row,
  kind,
  onKind,
  alone,
  phase,
  connection,
  tools,
  picture,
  facts,
  phoneKeys,
  onReleaseKeyboard,
  children,
}: FrameProps) {
  const frame = useRef<HTMLDivElement>(null)
  const fullscreen = useFullscreen(frame)
  const { word, glyph } = phaseWords[wordOf(phase)]
  const power = useVmActions(row).filter(({ group, id }) => group === 'power' && id !== 'vnc')

  // In the capture phase: the guest must not see the key that frees the keyboard.
  function keydown(event: React.KeyboardEvent) {
    if (!(event.ctrlKey && event.altKey && event.code === 'Period')) return
    event.preventDefault()
    event.stopPropagation()
    onReleaseKeyboard()
    releaseFocus(frame)
  }

  return (
    <div className={alone ? 'con' : 'con tab'} ref={frame} onKeyDownCapture={keydown}>
      <div className="ctool" role="toolbar" aria-label="Console">
        {alone && (
          <>
            <span className="row who">
              <IconButton label={`Back to ${row.name}`} icon={ChevronLeftIcon} render={<Link to={paths.virtualMachine(row)} />} />
              <b className="cn">{row.name}</b>
              <StatusBadge state={vmState(row)} word={statusWords(row)} since={row.statusSince} />
            </span>
            <span className="vsep" />
          </>
        )}
        <Segmented
          label="Kind of console"
          value={kind}
          onValueChange={onKind}
          options={[
            { value: 'vnc', label: 'Screen' },
            { value: 'serial', label: 'Serial' },
          ]}
        />
        <span className="grow" />
        <span className="row desk">{tools}</span>
        <span className="vsep desk" />
        {picture}
        {!alone && (
          <IconButton
            className="desk"
            label="Open in its own tab"
            icon={ExternalIcon}
            render={<a href={paths.consoleWindow(row, kind)} target="_blank" rel="noopener" aria-label="Open in its own tab" />}
            onClick={() => connection.dispatch({ type: 'release' })}
          />
        )}
        <IconButton
          label={fullscreen.on ? 'Leave full screen' : 'Full screen'}
          icon={fullscreen.on ? ExitFullscreenIcon : FullscreenIcon}
          onClick={fullscreen.toggle}
        />
        <Menu label="Power" actions={power} trigger={<IconButton label="Power" icon={ForceStopIcon} />} />
      </div>
      <div className="cstage">{children}</div>
      <div className="cfoot">
        <span className="row" role="status">
          <StateGlyph state={glyph} className={`c-${glyph}`} />
          <span>{word}</span>
        </span>
        {facts}
        <span className="grow" />
        <span className="desk">
          <CommandLine command={vmCommand(kind === 'vnc' ? 'vnc' : 'console', row)} />
        </span>
        <span className="desk">
          <Keys keys="Ctrl Alt ." /> release keyboard
        </span>
      </div>
      {phoneKeys}
    </div>
  )
}

/** A try in between is no news. */
function wordOf(phase: ConsolePhase): ConsolePhase['name'] {
  if (phase.name !== 'connecting') return phase.name
  return phase.retry ? 'reconnecting' : phase.waiting ? 'inUse' : 'connecting'
}

const phaseWords: Record<ConsolePhase['name'], { word: string; glyph: State }> = {
  idle: { word: 'Connecting', glyph: 'transit' },
  connecting: { word: 'Connecting', glyph: 'transit' },
  live: { word: 'Connected', glyph: 'running' },
  reconnecting: { word: 'Reconnecting', glyph: 'transit' },
  inUse: { word: 'Held by another session', glyph: 'warning' },
  takenOver: { word: 'Taken over', glyph: 'warning' },
  released: { word: 'Open in its own tab', glyph: 'stopped' },
  vmDown: { word: 'Not running', glyph: 'stopped' },
  expired: { word: 'Session ended', glyph: 'warning' },
  forbidden: { word: 'Not allowed', glyph: 'error' },
  gone: { word: 'Deleted', glyph: 'stopped' },
  failed: { word: 'Not connected', glyph: 'error' },
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
const keyLabel = ({ code }: Key) => keyLabels[code] ?? code
const keyNames: Record<string, string> = { ArrowLeft: 'Left', ArrowUp: 'Up', ArrowDown: 'Down', ArrowRight: 'Right' }

function ScreenPhoneKeys({ off, press, onPaste }: { off?: string; press: (strokes: readonly KeyStroke[]) => void; onPaste: () => void }) {
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

function SerialPhoneKeys({ type, onKeyboard }: { type: (text: string) => void; onKeyboard: () => void }) {
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

/** To the console's own toolbar: the next thing in reach, and no trap. */
function releaseFocus(inside: RefObject<HTMLElement | null>) {
  const frame = inside.current?.closest('.con')
  frame?.querySelector<HTMLElement>('.ctool a, .ctool button')?.focus()
}

function useFullscreen(element: RefObject<HTMLElement | null>) {
  const on = useSyncExternalStore(subscribeToFullscreen, () => document.fullscreenElement !== null)
  return {
    on,
    toggle() {
      if (on) void document.exitFullscreen()
      // Refused without a click or by the browser's own policy: the button then does nothing.
      else element.current?.requestFullscreen().catch(() => undefined)
    },
  }
}

function subscribeToFullscreen(listener: () => void): () => void {
  document.addEventListener('fullscreenchange', listener)
  return () => document.removeEventListener('fullscreenchange', listener)
}

const loadTerminalFont = () => document.fonts.load('13px "JetBrains Mono Variable"').catch(() => [])

function download(blob: Blob, name: string) {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
