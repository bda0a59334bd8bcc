import type { RefObject } from 'react'
import { Link, useNavigate } from 'react-router'
import { useLiveState } from '../api/live-socket.ts'
import type { SignedInSession } from '../api/session.ts'
import { paths } from '../paths.ts'
import { useTheme } from '../stores/theme.ts'
import { Avatar } from '../ui/avatar.tsx'
import { IconButton } from '../ui/button.tsx'
import { IconMark } from '../ui/icon.tsx'
import { ClusterIcon, HelpIcon, KeyIcon, KeyboardIcon, MenuIcon, MoonIcon, SearchIcon, SignOutIcon, SunIcon } from '../ui/icons.ts'
import { Kbd } from '../ui/kbd.tsx'
import { Logo } from '../ui/logo.tsx'
import { Menu } from '../ui/menu.tsx'
import { StateGlyph } from '../ui/state-glyph.tsx'
import { formatTime } from '../util/format.ts'
import { Breadcrumbs } from './breadcrumbs.tsx'
import { Bdi } from '../ui/bdi.tsx'
import { visibleText } from '../util/visible-text.ts'

type TopBarProps = {
  session: SignedInSession
  menuOpen: boolean
  menuButton: RefObject<HTMLButtonElement | null>
  onMenu: () => void
  onPalette: () => void
  onKeys: () => void
  onSignOut: () => Promise<void>
}

export function TopBar({ session, menuOpen, menuButton, onMenu, onPalette, onKeys, onSignOut }: TopBarProps) {
  return (
    <header className="topbar">
      <Link className="brand" to={paths.home()} aria-label="virtdeck, home">
        <Logo />
      </Link>
      <IconButton
        ref={menuButton}
        className="phone"
        label="Menu"
        icon={MenuIcon}
        aria-expanded={menuOpen}
        aria-controls="sidebar"
        onClick={onMenu}
      />
      <span className="cluster" title={session.cluster.simulated ? 'A simulated cluster' : 'The cluster'}>
        <IconMark icon={ClusterIcon} />
        <Bdi>{session.cluster.name}</Bdi>
      </span>
      <Breadcrumbs />
      <button type="button" className="jump" aria-keyshortcuts="Control+K" onClick={onPalette}>
        <IconMark icon={SearchIcon} />
        <span>Go to a VM, page or action</span>
        <Kbd>Ctrl</Kbd>
        <Kbd>K</Kbd>
      </button>
      <LiveIndicator />
      <IconButton label="Help and keyboard shortcuts" shortcut="?" icon={HelpIcon} onClick={onKeys} />
      <ThemeToggle />
      <UserMenu session={session} onKeys={onKeys} onSignOut={onSignOut} />
    </header>
  )
}

function LiveIndicator() {
  const state = useLiveState()
  switch (state.state) {
    case 'live':
      return (
        <span className="live" title="Updates arrive as they happen">
          <StateGlyph state="running" />
          <span>Live</span>
        </span>
      )
    case 'connecting':
      return (
        <span className="live connecting">
          <StateGlyph state="transit" />
          <span>Connecting</span>
        </span>
      )
    case 'stale':
      return (
        <span className="live stale">
          <StateGlyph state="warning" />
          <span>Stale since {formatTime(state.since)}</span>
        </span>
      )
  }
}

function ThemeToggle() {
  const { theme, setChoice } = useTheme()
  const other = theme === 'dark' ? 'light' : 'dark'
  return <IconButton label={`Use the ${other} theme`} icon={theme === 'dark' ? SunIcon : MoonIcon} onClick={() => setChoice(other)} />
}

function UserMenu({ session: { user }, onKeys, onSignOut }: Pick<TopBarProps, 'session' | 'onKeys' | 'onSignOut'>) {
  const { choice, setChoice } = useTheme()
  const navigate = useNavigate()
  return (
    <Menu
      label="Account"
      header={
        <>
          <b>
            <Bdi>{user.name}</Bdi>
          </b>
          <span>
            <Bdi>{user.groups.filter((group) => group !== 'system:authenticated').join(', ')}</Bdi>
          </span>
        </>
      }
      trigger={
        <button type="button" className="me" aria-label={`Signed in as ${visibleText(user.name)}`}>
          <Avatar name={user.name} />
        </button>
      }
      actions={[
        { id: 'my-access', label: 'My access', icon: KeyIcon, group: 'user', run: () => void navigate(paths.myAccess()) },
        { id: 'keys', label: 'Keyboard shortcuts', icon: KeyboardIcon, shortcut: '?', group: 'app', run: onKeys },
        {
          id: 'theme',
          label: 'Follow the system’s theme',
          icon: SunIcon,
          group: 'app',
          disabled: choice === 'system' ? 'It does already.' : undefined,
          run: () => setChoice('system'),
        },
        { id: 'sign-out', label: 'Sign out', icon: SignOutIcon, group: 'session', run: onSignOut },
      ]}
    />
  )
}
