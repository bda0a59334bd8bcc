// The frame of every page but the sign-in and a console window: top bar, sidebar, main.
import { Suspense, lazy, useEffect, useRef, useState } from 'react'
import { Outlet, useLocation, useNavigate, useOutletContext } from 'react-router'
import { paths } from '../paths.ts'
import { usePreferences } from '../stores/preferences.ts'
import { useShortcut } from '../stores/shortcuts.ts'
import { IconMark } from '../ui/icon.tsx'
import { SearchIcon } from '../ui/icons.ts'
import { useMediaQuery } from '../util/use-media-query.ts'
import { RouteAnnouncer } from './route-announcer.tsx'
import { useLiveState } from '../api/live-socket.ts'
import type { SignedInSession } from '../api/session.ts'
import { MissingRights } from '../components/missing-right.tsx'
import { Toaster } from '../components/toaster.tsx'
import type { Gate } from './session-gate.tsx'
import { SessionNotices } from './session-notices.tsx'
import { Sidebar } from './sidebar.tsx'
import { StaleBanner } from './stale-banner.tsx'
import { TopBar } from './top-bar.tsx'

const Palette = lazy(() => import('./palette.tsx'))
const KeysDialog = lazy(() => import('../components/keys-dialog.tsx'))

export function AppShell() {
  const { session, leave } = useOutletContext<Gate>()
  const navigate = useNavigate()
  const { pathname } = useLocation()
  const [over, setOver] = useState<'palette' | 'keys'>()
  const [menuOn, setMenuOn] = useState<string>()
  const collapsed = usePreferences((preferences) => preferences.sidebarCollapsed)
  const phone = useMediaQuery('(max-width: 720px)')
  const narrow = useMediaQuery('(max-width: 1180px)')
  const rail = !phone && (narrow || collapsed)
  // The phone's menu belongs to the page on which it was opened: following a link closes it.
  const menuOpen = phone && menuOn === pathname
  const stale = useLiveState().state === 'stale'
  const menuButton = useRef<HTMLButtonElement>(null)
  const close = () => setOver(undefined)
  const toggleSidebar = () => usePreferences.setState({ sidebarCollapsed: !collapsed })

  useShortcut('Ctrl k', { label: 'Go to a VM, page or action', group: 'Everywhere', run: () => setOver('palette') })
  useShortcut('?', { label: 'All keys', group: 'Everywhere', run: () => setOver('keys') })
  useShortcut('[', { label: 'Collapse the sidebar', group: 'Everywhere', run: toggleSidebar })
  useShortcut('g v', { label: 'Virtual machines', group: 'Go to', run: () => void navigate(paths.virtualMachines()) })
  useShortcut('g n', { label: 'Nodes', group: 'Go to', run: () => void navigate(paths.nodes()) })
  useShortcut('g s', { label: 'Snapshots', group: 'Go to', run: () => void navigate(paths.snapshots()) })
  useShortcut('g d', { label: 'Volumes', group: 'Go to', run: () => void navigate(paths.volumes()) })
  useShortcut('g m', { label: 'Migrations', group: 'Go to', run: () => void navigate(paths.migrations()) })
  useShortcut('g t', { label: 'Templates', group: 'Go to', run: () => void navigate(paths.templates()) })

  return (
    <MissingRights>
      <div className={`app${rail ? ' rail' : ''}${stale ? ' stale' : ''}`}>
        <a className="skip" href="#main">
          Skip to content
        </a>
        <TopBar
          session={session}
          menuOpen={menuOpen}
          menuButton={menuButton}
          onMenu={() => setMenuOn(menuOpen ? undefined : pathname)}
          onPalette={() => setOver('palette')}
          onKeys={() => setOver('keys')}
          onSignOut={leave}
        />
        {menuOpen && <div className="side-shade" aria-hidden="true" onClick={() => setMenuOn(undefined)} />}
        <Sidebar
          cluster={session.cluster}
          open={menuOpen}
          hidden={phone && !menuOpen}
          collapsed={rail}
          onToggle={narrow ? undefined : toggleSidebar}
          onClose={() => {
            setMenuOn(undefined)
            menuButton.current?.focus()
          }}
        />
        <Main path={pathname} covered={menuOpen} session={session} />
        <RouteAnnouncer />
        <Toaster />
        <Suspense fallback={null}>
          {over === 'palette' && <PaletteSoon onClose={close} onKeys={() => setOver('keys')} />}
          {over === 'keys' && <KeysDialog onClose={close} />}
        </Suspense>
      </div>
    </MissingRights>
  )
}

/** The scrolling part. Another page begins at its top, and takes the focus if the old one took it away. */
function Main({ path, covered, session }: { path: string; covered: boolean; session: SignedInSession }) {
  const main = useRef<HTMLElement>(null)
  const shown = useRef(path)
  useEffect(() => {
    if (shown.current === path) return
    shown.current = path
    main.current?.scrollTo(0, 0)
    if (document.activeElement === document.body) main.current?.focus({ preventScroll: true })
  }, [path])
  return (
    <main id="main" tabIndex={-1} ref={main} inert={covered}>
      <StaleBanner />
      <SessionNotices session={session} />
      <Outlet />
    </main>
  )
}

/** The palette's box at once, so that no letter is lost or acts as a shortcut while its code is on its way. */
function PaletteSoon(props: { onClose: () => void; onKeys: () => void }) {
  const [typed, setTyped] = useState('')
  const box = (
    <div className="scrim top">
      <div className="dialog pal">
        <div className="palq">
          <IconMark icon={SearchIcon} />
          <input
            ref={(input) => input?.focus()}
            aria-label="Go to a VM, page or action"
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
            onKeyDown={({ key }) => key === 'Escape' && props.onClose()}
          />
        </div>
      </div>
    </div>
  )
  return (
    <Suspense fallback={box}>
      <Palette {...props} initialText={typed} />
    </Suspense>
  )
}
