// What stands over the stage when there is no live console: what is the matter, and what one can do about it.
import { statusWords, vmCommand, type VmRow } from '@virtdeck/kubevirt'
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Link, useLocation } from 'react-router'
import { useWallClock } from '../../api/now.ts'
import { HowToGetIt } from '../../components/missing-right.tsx'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Progress } from '../../ui/progress.tsx'
import { formatTime } from '../../util/format.ts'
import { useVmActions } from '../../components/vm/vm-actions.tsx'
import { focusIsFree } from './focus.ts'
import type { ConsoleEvent, ConsoleKind, ConsolePhase } from './console-session.ts'

type CoverProps = {
  phase: ConsolePhase
  kind: ConsoleKind
  row: VmRow
  /** The one sentence that the API server's rights come to. */
  denied?: string
  /** It is in use in another tab of this browser. */
  ownTab?: boolean
  /** When the picture under the cover was taken, ms. */
  pictureAtMs?: number
  dispatch: (event: ConsoleEvent) => void
}

export function ConsoleCover({ phase, kind, row, denied, ownTab, pictureAtMs, dispatch }: CoverProps) {
  const thing = kind === 'vnc' ? 'screen' : 'serial console'
  const command = <CommandLine command={vmCommand(kind === 'vnc' ? 'vnc' : 'console', row)} />
  const again = (words: string, primary = true) => (
    <Button variant={primary ? 'primary' : 'secondary'} onClick={() => dispatch({ type: 'retry' })}>
      {words}
    </Button>
  )
  const takeOver = (words: string) => (
    <Button className="dangerlite" onClick={() => dispatch({ type: 'takeOver' })}>
      {words}
    </Button>
  )

  switch (phase.name) {
    case 'live':
      return null
    case 'idle':
    case 'connecting':
      if (phase.name === 'connecting' && phase.waiting) return <InUse takeOver={takeOver('Take over')} waiting />
      if (phase.name === 'connecting' && phase.retry)
        return <Reconnecting row={row} {...phase.retry} thing={thing} pictureAtMs={pictureAtMs} footer={command} />
      return (
        <Card title={`Connecting to ${row.name}`}>
          <Progress label="Connecting" wide />
        </Card>
      )
    case 'reconnecting':
      return (
        <Reconnecting
          row={row}
          {...phase}
          thing={thing}
          pictureAtMs={pictureAtMs}
          footer={
            <>
              {command}
              {again('Try now', false)}
            </>
          }
        />
      )
    case 'inUse':
      if (ownTab) return <InOwnTab thing={thing} useHere={() => dispatch({ type: 'takeOver' })} />
      return (
        <InUse
          takeOver={takeOver('Take over')}
          nextMs={phase.nextMs}
          wait={phase.nextMs === undefined ? () => dispatch({ type: 'wait' }) : undefined}
        />
      )
    case 'takenOver':
      return kind === 'vnc' ? (
        <Card
          title="Taken over by another session"
          footer={
            <>
              {takeOver('Take it back')}
              <span className="grow" />
              <Button variant="primary" onClick={() => dispatch({ type: 'wait' })}>
                Connect when free
              </Button>
            </>
          }
        >
          <p>Somebody else opened this screen, and a screen is for one at a time. Taking it back disconnects them.</p>
        </Card>
      ) : (
        <Card title="The serial console was closed" footer={again('Connect again')}>
          <p>
            The cluster gives no reason. Most likely somebody else opened it: a serial line is for one at a time, and the newest wins.
            Connecting again disconnects them.
          </p>
        </Card>
      )
    case 'released':
      return (
        <Card title="Open in its own tab" footer={again('Use it here', false)}>
          <p>This {thing} moved to another browser tab.</p>
        </Card>
      )
    case 'vmDown':
      return <VmDown row={row} thing={thing} />
    case 'expired':
      return <Expired />
    case 'forbidden':
      return (
        <Card
          title="You may not open this console"
          footer={
            <>
              <HowToGetIt reason={denied} />
              {again('Try again', false)}
            </>
          }
        >
          <p>
            {denied ?? (
              <>
                It needs <b>get</b> on <b>virtualmachineinstances/{kind === 'vnc' ? 'vnc' : 'console'}</b> in namespace{' '}
                <b>{row.namespace}</b>.
              </>
            )}
          </p>
        </Card>
      )
    case 'gone':
      return (
        <Card
          title={`${row.name} was deleted`}
          footer={<Button render={<Link to={paths.virtualMachines()} />}>All virtual machines</Button>}
        >
          <p>Its console went with it.</p>
        </Card>
      )
    case 'recreated':
      return (
        <Card title={`Another VM is called ${row.name} now`} dialog footer={again('Connect to it')}>
          <p>The one whose {thing} this was has been deleted. What you were about to type is not meant for the new one.</p>
        </Card>
      )
    case 'failed':
      return (
        <Card
          title="No connection"
          footer={
            <>
              {command}
              {again('Try again')}
            </>
          }
        >
          <p>{failures[phase.why]}</p>
        </Card>
      )
  }
}

const failures = {
  unreachable: 'The cluster did not let the console be opened for a minute.',
  limit: 'You have as many consoles open as one person may have. Close one, then try again.',
  protocol: 'The cluster answered with something else than a console.',
}

function InUse({ takeOver, wait, waiting, nextMs }: { takeOver: ReactNode; wait?: () => void; waiting?: boolean; nextMs?: number }) {
  const isWaiting = waiting || nextMs !== undefined
  return (
    <Card
      title="In use by another session"
      dialog
      footer={
        <>
          {takeOver}
          <span className="grow" />
          {wait && (
            <Button variant="primary" onClick={wait}>
              Wait until it is free
            </Button>
          )}
        </>
      }
    >
      <p>A screen is for one at a time. You can wait until it is free, or take it over, which disconnects whoever has it.</p>
      {isWaiting && (
        <p className="hint">
          Waiting.{' '}
          {nextMs === undefined ? (
            'Looking now.'
          ) : (
            <>
              Looking again in <Countdown toMs={nextMs} />.
            </>
          )}
        </p>
      )}
    </Card>
  )
}

function InOwnTab({ thing, useHere }: { thing: string; useHere: () => void }) {
  return (
    <Card
      title="Open in another of your tabs"
      dialog
      footer={
        <Button variant="primary" onClick={useHere}>
          Use it here
        </Button>
      }
    >
      <p>A {thing} is for one at a time. Using it here takes it from the other tab.</p>
    </Card>
  )
}

type ReconnectingProps = {
  row: VmRow
  because: 'migration' | 'restart' | 'server' | 'drop'
  attempt: number
  nextMs?: number
  thing: string
  pictureAtMs?: number
  footer: ReactNode
}

function Reconnecting({ row, because, attempt, nextMs, thing, pictureAtMs, footer }: ReconnectingProps) {
  const titles = { migration: 'Following the migration', restart: 'Waiting for the guest', server: 'Reconnecting', drop: 'Reconnecting' }
  const target = row.migration?.targetNode ?? (because === 'migration' ? row.node : undefined)
  return (
    <Card title={titles[because]} footer={footer}>
      <p>
        {because === 'migration' ? (
          <>
            {row.name} is moving
            {target && (
              <>
                {' '}
                to <span className="mono hi">{target}</span>
              </>
            )}
            . The {thing} comes back by itself.
          </>
        ) : because === 'restart' ? (
          <>
            {row.name} cannot be reached at the moment. The {thing} comes back with it.
          </>
        ) : because === 'server' ? (
          <>virtdeck’s server restarts. The {thing} comes back by itself.</>
        ) : (
          <>The connection broke. The {thing} comes back by itself.</>
        )}{' '}
        Until then, keys are not sent.
      </p>
      <Progress label={titles[because]} wide />
      <p className="hint">
        Attempt {attempt}
        {nextMs === undefined ? (
          ', now'
        ) : (
          <>
            , next in <Countdown toMs={nextMs} />
          </>
        )}
        .{pictureAtMs !== undefined && ` Last picture ${formatTime(pictureAtMs)}.`}
      </p>
    </Card>
  )
}

function Countdown({ toMs }: { toMs: number }) {
  const nowMs = useWallClock()
  return <>{Math.max(1, Math.ceil((toMs - nowMs) / 1000))}s</>
}

function VmDown({ row, thing }: { row: VmRow; thing: string }) {
  const start = useVmActions(row).find((action) => action.id === 'start')
  const startable = start && !start.disabled
  return (
    <Card
      title={`${row.name} is not running`}
      footer={
        startable && (
          <Button variant="primary" icon={start.icon} onClick={() => void start.run()}>
            {start.label}
          </Button>
        )
      }
    >
      <p>
        It is <b>{statusWords(row)}</b>. The {thing} opens by itself as soon as it runs.
      </p>
    </Card>
  )
}

function Expired() {
  const { pathname, search } = useLocation()
  return (
    <Card
      title="Your session has ended"
      footer={
        <Button variant="primary" render={<Link to={paths.signIn(`${pathname}${search}`)} />}>
          Sign in
        </Button>
      }
    >
      <p>Sign in again: you come back to this console.</p>
    </Card>
  )
}

function Card({
  title,
  children,
  footer,
  dialog,
}: {
  title: string
  children: ReactNode
  footer?: ReactNode
  /** It wants an answer. */ dialog?: boolean
}) {
  const titleId = useId()
  const card = useRef<HTMLDivElement>(null)
  // A question takes the focus from the screen that is no longer there, but not from anything else.
  useEffect(() => {
    if (dialog && focusIsFree()) card.current?.querySelector<HTMLElement>('.btn.primary')?.focus({ preventScroll: true })
  }, [dialog])
  return (
    <div className="cover">
      <div className="card" role={dialog ? 'alertdialog' : 'group'} aria-labelledby={titleId} ref={card}>
        <header>
          <h2 id={titleId}>{title}</h2>
        </header>
        <div className="body">{children}</div>
        {footer && <footer>{footer}</footer>}
      </div>
    </div>
  )
}
