import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClientProvider } from '@tanstack/react-query'
import { createRoot } from 'react-dom/client'
import { createBrowserRouter } from 'react-router'
import { RouterProvider } from 'react-router/dom'
import { queryClient } from './api/query-client.ts'
import { routes } from './routes.tsx'
import './styles/index.css'
import { cspNonce } from './util/csp.ts'

// Pages write their own title; of two, a browser shows the first.
document.querySelector('title')?.remove()

// index.html has it.
createRoot(document.getElementById('root')!).render(
  <CSPProvider nonce={cspNonce()}>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={createBrowserRouter(routes)} />
    </QueryClientProvider>
  </CSPProvider>,
)
