import type { Session } from '@virtdeck/server/protocol'
import { useEffect, useRef } from 'react'
import { NavLink } from 'react-router'
import { useAccess } from '../api/access.ts'
import { listActivities } from '../api/activity-access.ts'
import { useFleet } from '../api/fleet.ts'
import { paths } from '../paths.ts'
import { IconButton } from '../ui/button.tsx'
import { IconMark } from '../ui/icon.tsx'
import type { Icon } from '../ui/icon.tsx'
import { DiskIcon, EventsIcon, MigrateIcon, NodeIcon, SidebarIcon, SnapshotIcon, TemplateIcon, VmIcon } from '../ui/icons.ts'
import { formatCount } from '../util/format.ts'
import { InventoryTree } from './inventory-tree.tsx'

type SidebarProps = {
  cluster: Session['cluster']
  /** On phones it lies over the page. */
  open: boolean
  hidden: boolean
  collapsed: boolean
  /** Absent where the width decides. */
  onToggle?: () => void
  onClose: () => void
}

export function Sidebar({ cluster, open, hidden, collapsed, onToggle, onClose }: SidebarProps) {
  const { status, rows } = useFleet('virtualmachines', 1_000)
  const access = useAccess()
  // The rows come first.
  const mayListActivities = status !== 'loading' && access(listActivities).allowed === true
  const moving = rows.filter((row) => row.status === 'Migrating').length
  const foot = onToggle !== undefined && !open
  const version = collapsed ? undefined : cluster.kubevirtVersion
  const aside = useRef<HTMLElement>(null)
  useEffect(() => {
    if (open) aside.current?.querySelector<HTMLElement>('a')?.focus()
  }, [open])
  return (
    <aside
      id="sidebar"
      ref={aside}
      className={open ? 'side open' : 'side'}
      hidden={hidden}
      onKeyDown={(event) => open && event.key === 'Escape' && onClose()}
    >
      <nav aria-label="Main">
        <PageLink
          to={paths.virtualMachines()}
          icon={VmIcon}
          label="Virtual machines"
          count={status === 'ready' ? rows.length : undefined}
          of={rows.length === 1 ? 'VM' : 'VMs'}
        />
        <PageLink to={paths.templates()} icon={TemplateIcon} label="Templates" />
        <PageLink to={paths.volumes()} icon={DiskIcon} label="Volumes" />
        <PageLink to={paths.snapshots()} icon={SnapshotIcon} label="Snapshots" />
        <PageLink to={paths.migrations()} icon={MigrateIcon} label="Migrations" count={moving || undefined} of="in flight" />
        <PageLink to={paths.nodes()} icon={NodeIcon} label="Nodes" />
        {mayListActivities && <PageLink to={paths.activity()} icon={EventsIcon} label="Activity" />}
      </nav>
      {!collapsed && !hidden && <InventoryTree clusterName={cluster.name} />}
      {(foot || version) && (
        <footer className="sidefoot">
          {foot && (
            <IconButton
              label={collapsed ? 'Expand the sidebar' : 'Collapse the sidebar'}
              shortcut="["
              icon={SidebarIcon}
              aria-expanded={!collapsed}
              onClick={onToggle}
            />
          )}
          {version && <span>KubeVirt {version.replace(/^v/, '')}</span>}
        </footer>
      )}
    </aside>
  )
}

type PageLinkProps = {
  to: string
  icon: Icon
  label: string
  count?: number
  /** What is counted. */
  of?: string
}

function PageLink({ to, icon, label, count, of }: PageLinkProps) {
  return (
    <NavLink to={to} className={({ isActive }) => (isActive ? 'nav on' : 'nav')} title={label}>
      <IconMark icon={icon} />
      <span>{label}</span>
      {count !== undefined && <em aria-label={`${count} ${of}`}>{formatCount(count)}</em>}
    </NavLink>
  )
}
