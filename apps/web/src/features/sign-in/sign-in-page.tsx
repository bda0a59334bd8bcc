import { useMutation } from '@tanstack/react-query'
import { toStatus } from '@virtdeck/k8s'
import type { Session, SignInError, SignInMode, SignInRequest } from '@virtdeck/server/protocol'
import { useState } from 'react'
import type { FormEvent } from 'react'
import { Navigate, useLocation } from 'react-router'
import { signIn, useSession } from '../../api/session.ts'
import { ServerSilent } from '../../components/server-silent.tsx'
import { useTheme } from '../../stores/theme.ts'
import { Avatar } from '../../ui/avatar.tsx'
import { Banner } from '../../ui/banner.tsx'
import { Button, IconButton } from '../../ui/button.tsx'
import { CommandLine } from '../../ui/code-block.tsx'
import { Field } from '../../ui/field.tsx'
import { IconMark } from '../../ui/icon.tsx'
import { ChevronRightIcon, EyeIcon, EyeOffIcon, KeyIcon, MoonIcon, SunIcon } from '../../ui/icons.ts'
import { Kbd } from '../../ui/kbd.tsx'
import { Logo } from '../../ui/logo.tsx'
import { Spinner } from '../../ui/spinner.tsx'
import { TextInput } from '../../ui/text-input.tsx'
import { returnPath } from './return-path.ts'

export function SignInPage() {
  const state = useSession()
  const { search } = useLocation()
  switch (state.status) {
    case 'loading':
      return (
        <main className="centre late">
          <Spinner label="Loading virtdeck" />
        </main>
      )
    case 'error':
      return <ServerSilent message={state.error.message} retry={state.retry} />
    case 'signed-in':
      return <Navigate to={returnPath(search)} replace />
    case 'signed-out':
      return <SignIn session={state.session} />
  }
}

type Attempt = { pending?: SignInRequest; error?: string; send: (request: SignInRequest) => void }

const mode = <M extends SignInMode['mode']>(modes: readonly SignInMode[], wanted: M) =>
  modes.find((candidate): candidate is Extract<SignInMode, { mode: M }> => candidate.mode === wanted)

function SignIn({ session: { cluster, signIn: modes } }: { session: Session }) {
  const { mutate, variables, isPending, error } = useMutation({ mutationFn: signIn })
  const attempt: Attempt = { pending: isPending ? variables : undefined, send: mutate }
  const refused = error ? (toStatus(error).message ?? 'The sign-in was refused.') : undefined
  const ofDemo = variables?.mode === 'demo'
  const kubeconfig = mode(modes, 'kubeconfig')
  const demo = mode(modes, 'demo')
  const token = mode(modes, 'token')
  const { search } = useLocation()
  return (
    <main className={demo ? 'signin' : 'signin alone'} id="main">
      <title>Sign in · virtdeck</title>
      <section className="scard" aria-labelledby="sign-in">
        <div className="slogo">
          <Logo />
        </div>
        <h1 id="sign-in">Sign in</h1>
        <p className="dim">
          to <span className="mono hi">{cluster.name}</span>
          {cluster.kubernetesVersion && <span className="mono"> · Kubernetes {cluster.kubernetesVersion.replace(/^v/, '')}</span>}
        </p>
        {mode(modes, 'oidc') && <SingleSignOn search={search} />}
        {kubeconfig && <KubeconfigSignIn user={kubeconfig.user} />}
        {(kubeconfig || mode(modes, 'oidc')) && token && (
          <div className="or">
            <span>or with a token</span>
          </div>
        )}
        {token && <TokenSignIn {...attempt} error={variables?.mode === 'token' ? refused : undefined} />}
      </section>
      {demo && <DemoSignIn users={demo.users} {...attempt} error={ofDemo ? refused : undefined} />}
      <footer className="sfoot">
        <span>virtdeck</span>
        <span>Licence: Apache-2.0</span>
        <span className="grow" />
        <ThemeToggle />
      </footer>
    </main>
  )
}

const failures: Record<SignInError, string> = {
  refused: 'The identity provider’s answer was not accepted. Begin again.',
  provider: 'The identity provider does not answer. Try again in a moment.',
  cluster: 'The cluster does not accept this identity provider’s token.',
  groups: 'Your token is too large for a browser session. Ask for one with fewer groups.',
}

function SingleSignOn({ search }: { search: string }) {
  const error = new URLSearchParams(search).get('error')
  return (
    <>
      <Button variant="primary" size="big" icon={KeyIcon} render={<a href={`/auth/login?rt=${encodeURIComponent(returnPath(search))}`} />}>
        Continue with single sign-on
      </Button>
      {error !== null && (
        <Banner tone="error" inline title="Not signed in.">
          {Object.hasOwn(failures, error) ? failures[error as SignInError] : failures.refused}
        </Banner>
      )}
    </>
  )
}

/** Who can read the terminal may use its kubeconfig; whoever else reaches this port may not. */
function KubeconfigSignIn({ user }: { user: string }) {
  return (
    <p>
      To continue as <span className="mono hi">{user}</span>, open the link that virtdeck printed in the terminal. It is good for one minute
      and one sign-in; press <Kbd>Enter</Kbd> there for another one.
    </p>
  )
}

function TokenSignIn({ pending, error, send }: Attempt) {
  const [token, setToken] = useState('')
  const [shown, setShown] = useState(false)
  const [missing, setMissing] = useState(false)

  function submit(event: FormEvent) {
    event.preventDefault()
    const text = token.trim().replace(/^Bearer\s+/i, '')
    setMissing(text === '')
    if (text !== '' && !pending) send({ mode: 'token', token: text })
  }

  return (
    <form className="stack" onSubmit={submit}>
      <Field
        label="Bearer token"
        hint="Used for this session only and never stored in the browser. Your cluster’s own permissions decide what you can do."
        error={missing ? 'Paste a token first.' : error}
      >
        <div className="reveal">
          <TextInput
            mono
            type={shown ? 'text' : 'password'}
            name="token"
            placeholder="eyJhbGciOiJSUzI1NiIs…"
            value={token}
            onChange={({ target }) => setToken(target.value)}
          />
          <IconButton
            label={shown ? 'Hide the token' : 'Show the token'}
            icon={shown ? EyeOffIcon : EyeIcon}
            onClick={() => setShown(!shown)}
          />
        </div>
      </Field>
      <div className="row wrap">
        <Button type="submit" loading={pending?.mode === 'token'}>
          Sign in with token
        </Button>
        <span className="grow" />
        <CommandLine command="kubectl create token NAME" />
      </div>
    </form>
  )
}

function DemoSignIn({ users, pending, error, send }: Attempt & { users: readonly { name: string; description: string }[] }) {
  return (
    <section className="scard demo" aria-labelledby="demo">
      <div className="row">
        <h2 id="demo">Try it with a demo user</h2>
        <span className="grow" />
        <span className="chip">simulated cluster</span>
      </div>
      <p className="dim">Every VM and every node is simulated: break what you like.</p>
      {error && (
        <Banner tone="error" inline title="Not signed in.">
          {error}
        </Banner>
      )}
      {users.map(({ name, description }) => (
        <button
          key={name}
          type="button"
          className="pick who"
          aria-label={`Sign in as ${name}`}
          aria-description={description}
          aria-disabled={pending ? true : undefined}
          onClick={() => pending ?? send({ mode: 'demo', user: name })}
        >
          <Avatar name={name} />
          <span>
            <b>{name}</b>
            <span className="s">{description}</span>
          </span>
          {pending?.mode === 'demo' && pending.user === name ? <Spinner /> : <IconMark icon={ChevronRightIcon} />}
        </button>
      ))}
    </section>
  )
}

function ThemeToggle() {
  const { theme, setChoice } = useTheme()
  const other = theme === 'dark' ? 'light' : 'dark'
  return <IconButton label={`Use the ${other} theme`} icon={theme === 'dark' ? SunIcon : MoonIcon} onClick={() => setChoice(other)} />
}
