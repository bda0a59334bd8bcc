import { useRender } from '@base-ui/react/use-render'
import { useId } from 'react'
import type { ComponentProps, MouseEvent, ReactElement, ReactNode } from 'react'
import { ChevronDownIcon } from './icons.ts'
import { IconMark } from './icon.tsx'
import type { Icon } from './icon.tsx'
import { useExplain } from './explain.ts'
import { Spinner } from './spinner.tsx'
import { Tooltip } from './tooltip.tsx'

type CommonProps = Omit<ComponentProps<'button'>, 'disabled' | 'aria-label'> & {
  /** Why it is impossible now. The button keeps its place and the focus, and says so. */
  disabledReason?: ReactNode
  /** Another element in its place, such as a router's link: `render={<Link to=… />}`. */
  render?: ReactElement
}

type ButtonProps = CommonProps & {
  variant?: 'primary' | 'secondary' | 'quiet' | 'danger'
  size?: 'small' | 'normal' | 'big'
  icon?: Icon
  /** It opens a menu. */
  caret?: boolean
  /** The action runs; the button waits for it. */
  loading?: boolean
}

const variants = { primary: ' primary', secondary: '', quiet: ' ghost', danger: ' danger' }

export function Button({ variant = 'secondary', size = 'normal', icon, caret, loading, className, children, ...rest }: ButtonProps) {
  return useExplainedButton({
    ...rest,
    loading,
    className: `btn${variants[variant]}${size === 'normal' ? '' : ` ${size}`}${className ? ` ${className}` : ''}`,
    children: (
      <>
        {loading ? <Spinner /> : icon && <IconMark icon={icon} />}
        <span>{children}</span>
        {caret && <IconMark icon={ChevronDownIcon} className="caret" />}
      </>
    ),
  })
}

type IconButtonProps = CommonProps & {
  /** Its name, and its tooltip. */
  label: string
  icon: Icon
  small?: boolean
  bordered?: boolean
  /** For a button that stays pressed. */
  pressed?: boolean
  shortcut?: string
}

export function IconButton({ label, icon, small, bordered, pressed, shortcut, className, ...rest }: IconButtonProps) {
  return useExplainedButton({
    ...rest,
    'aria-label': label,
    'aria-pressed': pressed,
    tooltip: shortcut ? `${label} (${shortcut})` : label,
    className: `ibtn${small ? ' sm' : ''}${bordered ? ' bd' : ''}${className ? ` ${className}` : ''}`,
    children: <IconMark icon={icon} />,
  })
}

type ExplainedButton = ComponentProps<'button'> & Pick<CommonProps, 'disabledReason' | 'render'> & { loading?: boolean; tooltip?: string }

function useExplainedButton({ disabledReason, loading, tooltip, render, type = 'button', onClick, children, ...rest }: ExplainedButton) {
  const reasonId = useId()
  const off = Boolean(disabledReason) || loading
  const explain = useExplain()(disabledReason)
  const button = useRender({
    render: render ?? <button type={type} />,
    props: {
      ...rest,
      ...(off && { 'aria-disabled': true }),
      ...(loading && { 'aria-busy': true }),
      ...(disabledReason !== undefined && disabledReason !== false && { 'aria-describedby': reasonId }),
      onClick: off ? (event: MouseEvent) => refuse(event, explain) : onClick,
      children: (
        <>
          {children}
          {disabledReason && (
            <span id={reasonId} hidden>
              {disabledReason}
            </span>
          )}
        </>
      ),
    },
  })
  const content = explain ? `${String(disabledReason)} ${pressToLearn}` : disabledReason || tooltip
  return content ? (
    <Tooltip content={content} onTap={Boolean(disabledReason)}>
      {button}
    </Tooltip>
  ) : (
    button
  )
}

/** Beside the reason, where a press says more. */
export const pressToLearn = 'Press to see what would allow it.'

function refuse(event: MouseEvent, explain: (() => void) | undefined) {
  event.preventDefault()
  event.stopPropagation()
  explain?.()
}
