import { Link, useLocation, useNavigate } from 'react-router'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/button.tsx'
import { Drawer } from '../../ui/dialog.tsx'
import { KeyValue } from '../../ui/facts.tsx'
import type { Fact } from '../../ui/facts.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { bytesText, formatFullDate } from '../../util/format.ts'
import { tookWords } from './activity-fleet.tsx'
import type { ActivityRow } from './activity-rows.ts'
import { withEntry } from './activity-url.ts'
import { outcomeStates, outcomeWords } from './activity-words.ts'

/** Everything that the log holds of one operation. */
export default function ActivityDrawer({ row }: { row: ActivityRow }) {
  const { search, state } = useLocation()
  const navigate = useNavigate()
  const { activity, vm, user, namespace } = row
  const mine = activity.actor.kind === 'user'
  return (
    <Drawer
      title={row.action}
      onClose={() => void navigate({ search: withEntry(search) }, { replace: true, state })}
      footer={
        <>
          {mine && <Button render={<Link to={paths.activity(`user:${quoted(user)}`)} />}>All of this user</Button>}
          {vm && <Button render={<Link to={paths.activity(`vm:${vm.name} namespace:${namespace}`)} />}>All of this VM</Button>}
        </>
      }
    >
      <StatusBadge pill state={outcomeStates[row.outcome]} word={outcomeWords(row.outcome, activity.event)} />
      <KeyValue facts={factsOf(row)} />
    </Drawer>
  )
}

const quoted = (text: string) => (/[\s"\\]/.test(text) ? JSON.stringify(text) : text)

function factsOf({ at, user, activity }: ActivityRow): Fact[] {
  const { actor, target, change, result, client, gate } = activity
  const consoles = result?.bytesDown !== undefined || result?.bytesUp !== undefined
  return [
    { label: 'When', value: formatFullDate(at) },
    { label: 'Who', value: user },
    ...(actor.kind === 'user'
      ? [
          { label: 'Signed in by', value: modeWords[actor.mode] ?? actor.mode },
          { label: 'Groups', value: String(actor.groups) },
          { label: 'Session', value: <span className="mono">{actor.sid}</span> },
        ]
      : []),
    { label: 'Event', value: <span className="mono">{activity.event}</span> },
    ...(target
      ? [
          { label: 'Resource', value: [target.resource, target.subresource].filter(Boolean).join('/') },
          { label: 'API group', value: target.group || 'core' },
          { label: 'Namespace', value: target.namespace },
          { label: 'Name', value: target.name, ...(target.name ? { copy: target.name } : {}) },
        ]
      : []),
    ...(change
      ? [
          { label: 'Verb', value: change.verb },
          ...(change.dryRun ? [{ label: 'Dry run', value: 'Yes: nothing was changed' }] : []),
          ...(change.takeover ? [{ label: 'Takeover', value: 'Yes: whoever had it was put out' }] : []),
          ...(change.fields.length > 0 ? [{ label: 'Fields', value: change.fields.join(', ') }] : []),
        ]
      : []),
    ...(gate ? [{ label: 'Refused by', value: `the gate’s rule on ${gate}` }] : []),
    ...(activity.missing ? [{ label: 'Lost before it', value: `${activity.missing} records` }] : []),
    ...(result
      ? [
          { label: 'Status', value: result.status === 0 ? 'Nobody knows' : [result.status, result.reason].filter(Boolean).join(' ') },
          { label: 'Took', value: tookWords(result.ms) },
        ]
      : []),
    ...(consoles
      ? [
          { label: 'To the browser', value: bytesText(result?.bytesDown ?? 0) },
          { label: 'From the browser', value: bytesText(result?.bytesUp ?? 0) },
          ...(result?.closeCode === undefined ? [] : [{ label: 'Close code', value: String(result.closeCode) }]),
        ]
      : []),
    ...(client
      ? [
          { label: 'Address', value: <span className="mono">{client.ip}</span> },
          { label: 'Browser', value: client.userAgent },
        ]
      : []),
    { label: 'Request ID', value: <span className="mono">{activity.requestId}</span>, copy: activity.requestId },
    ...(result?.auditId ? [{ label: 'Audit-ID', value: <span className="mono">{result.auditId}</span>, copy: result.auditId }] : []),
    { label: 'Log position', value: <span className="mono">{activity.position}</span>, copy: activity.position },
  ]
}

const modeWords: Record<string, string> = {
  oidc: 'single sign-on',
  impersonate: 'single sign-on, impersonated',
  token: 'a token',
  demo: 'a demo user’s button',
  kubeconfig: 'the server’s kubeconfig',
}
