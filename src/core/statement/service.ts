/** Where a provider's service belongs, in the words of FOCUS 1.2: a subcategory has one category. */
export type FocusService =
  | {
      readonly category: 'AI and Machine Learning';
      readonly subcategory: 'Generative AI' | 'Machine Learning';
    }
  | { readonly category: 'Compute'; readonly subcategory: 'Containers' | 'Virtual Machines' };
