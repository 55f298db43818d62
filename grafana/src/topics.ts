/** A panel, as referenced by the annotations `__dashboardUid__` and `__panelId__` of an alert. */
export interface PanelLink {
  readonly dashboardUid: string;
  readonly panelId: number;
}

/** The panel for each alert topic; a test checks that it exists. */
export const TOPICS = {
  spend: { dashboardUid: 'ai-billing-overview', panelId: 9 },
  spendByModel: { dashboardUid: 'ai-billing-overview', panelId: 11 },
  spendByResource: { dashboardUid: 'ai-billing-overview', panelId: 12 },
  changeOfDay: { dashboardUid: 'ai-billing-overview', panelId: 15 },
  idle: { dashboardUid: 'ai-billing-baseten', panelId: 11 },
  listPrices: { dashboardUid: 'ai-billing-baseten', panelId: 14 },
  unitPrices: { dashboardUid: 'ai-billing-venice', panelId: 16 },
  priceProbes: { dashboardUid: 'ai-billing-inference_sh', panelId: 15 },
  cachedShare: { dashboardUid: 'ai-billing-tokens', panelId: 10 },
  costPerMillionTokens: { dashboardUid: 'ai-billing-tokens', panelId: 9 },
  costPerRequest: { dashboardUid: 'ai-billing-tokens', panelId: 12 },
  budget: { dashboardUid: 'ai-billing-budgets', panelId: 1 },
  budgetForecast: { dashboardUid: 'ai-billing-budgets', panelId: 5 },
  balance: { dashboardUid: 'ai-billing-budgets', panelId: 7 },
  runway: { dashboardUid: 'ai-billing-budgets', panelId: 9 },
  canConsume: { dashboardUid: 'ai-billing-budgets', panelId: 10 },
  corrections: { dashboardUid: 'ai-billing-corrections', panelId: 5 },
  reconciliation: { dashboardUid: 'ai-billing-corrections', panelId: 10 },
  unconverted: { dashboardUid: 'ai-billing-corrections', panelId: 12 },
  exporter: { dashboardUid: 'ai-billing-health', panelId: 1 },
  configuration: { dashboardUid: 'ai-billing-health', panelId: 4 },
  feedUp: { dashboardUid: 'ai-billing-health', panelId: 22 },
  feedAge: { dashboardUid: 'ai-billing-health', panelId: 23 },
  pollFailures: { dashboardUid: 'ai-billing-health', panelId: 7 },
  apiRequests: { dashboardUid: 'ai-billing-health', panelId: 10 },
  rateLimit: { dashboardUid: 'ai-billing-health', panelId: 11 },
  contractDrift: { dashboardUid: 'ai-billing-health', panelId: 13 },
  pushes: { dashboardUid: 'ai-billing-health', panelId: 24 },
  seriesFolded: { dashboardUid: 'ai-billing-health', panelId: 15 },
} as const satisfies Record<string, PanelLink>;

export type Topic = keyof typeof TOPICS;
