// Everything around a console: toolbar, stage, foot, and keys for phones.
import { statusWords, vmCommand, vmState, type VmRow } from '@virtdeck/kubevirt'
import { useRef, useSyncExternalStore } from 'react'
import type { ReactNode, RefObject } from 'react'
import { Link } from 'react-router'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { paths } from '../../paths.ts'
import { IconButton } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { ChevronLeftIcon, ExitFullscreenIcon, ExternalIcon, ForceStopIcon, FullscreenIcon } from '../../ui/icons.ts'
import { Keys } from '../../ui/kbd.tsx'
import { Menu } from '../../ui/menu.tsx'
import { Segmented } from '../../ui/segmented.tsx'
import { StateGlyph, type State } from '../../ui/state-glyph.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import type { ConsoleConnection } from './console-connection.ts'
import type { ConsoleKind, ConsolePhase } from './console-session.ts'
import './consoles.css'

export type ConsolePanelProps = {
  row: VmRow
  /** The VM was there and is no more. */
  gone?: boolean
  kind: ConsoleKind
  onKind: (kind: ConsoleKind) => void
  /** In a browser tab of its own it says where one is, and cannot be opened in another once more. */
  alone?: boolean
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

export function ConsoleFrame({
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
  recreated: { word: 'Another VM', glyph: 'stopped' },
  failed: { word: 'Not connected', glyph: 'error' },
}

/** To the console's own toolbar: the next thing in reach, and no trap. */
export function releaseFocus(inside: RefObject<HTMLElement | null>) {
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
