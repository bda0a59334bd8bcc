import { QueryClient } from '@tanstack/react-query'

/** The cache of what is asked once. What can be watched is not here: it lives in fleet.ts and watch.ts. */
export const queryClient = new QueryClient({
  defaultOptions: {
    queries: { retry: false, staleTime: 60_000, refetchOnWindowFocus: false },
    mutations: { retry: false },
  },
})
