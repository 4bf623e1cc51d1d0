// The decision as data: learn/choose.md has it as a table too, and a test holds the two together.
export type Outcome = 'sessions' | 'provider' | 'tokens' | 'verifier' | 'keys' | 'hybrid';

export interface Answer {
  readonly text: string;
  /** The question that follows; without one there is an outcome. */
  readonly next?: string;
  readonly outcome?: Outcome;
  readonly note?: string;
}

export interface Question {
  readonly text: string;
  readonly answers: readonly Answer[];
}

export const questions: Readonly<Record<string, Question>> = {
  who: {
    text: 'Who sends the requests?',
    answers: [
      { text: 'A person, from a page in a browser', next: 'page' },
      { text: 'A person, from a mobile or desktop app', next: 'login' },
      { text: 'A program: a server, a script, a CI job', next: 'program' },
      { text: 'Several of these', outcome: 'hybrid' },
    ],
  },
  page: {
    text: 'Where does the page come from?',
    answers: [
      {
        text: 'From the same site as the server (app.example.com and api.example.com are one site)',
        next: 'signIn',
      },
      {
        text: 'From another site',
        outcome: 'sessions',
        note: 'Put a small server of yours on the page’s own site: the browser has a session with it, and it holds whatever credential the other server wants. Browsers block cookies from other sites, and a token in the page is within reach of every script there.',
      },
    ],
  },
  signIn: {
    text: 'Where do they sign in?',
    answers: [
      { text: 'With us: a password, a passkey, a link by e-mail', outcome: 'sessions' },
      { text: 'At a provider: Google, GitHub, Apple, their company', outcome: 'provider' },
    ],
  },
  login: {
    text: 'Who checks the password?',
    answers: [
      { text: 'Our own server', outcome: 'tokens' },
      { text: 'An identity provider or another team, which gives out JWTs', outcome: 'verifier' },
    ],
  },
  program: {
    text: 'Whose program is it?',
    answers: [
      { text: 'A customer’s or a colleague’s, who wants something to paste into a configuration', outcome: 'keys' },
      { text: 'Our own service, and there is an issuer that gives out JWTs', outcome: 'verifier' },
      { text: 'Our own service, and there is no issuer', outcome: 'keys' },
    ],
  },
};

export const outcomes: Readonly<Record<Outcome, { readonly title: string; readonly why: string }>> = {
  sessions: {
    title: 'Sessions',
    why: 'The browser holds an opaque id that no script can read; everything else is yours, and ends when you say so.',
  },
  provider: {
    title: 'Sessions, after signing in with a provider',
    why: 'The provider says who it is, once. From then on your own session counts: it ends when you say so, and no token of theirs is in the browser.',
  },
  tokens: {
    title: 'JWTs that you issue, with refresh tokens',
    why: 'The app shows a token that lives for minutes and renews it with one that is good once. Any of your services can check it alone.',
  },
  verifier: {
    title: 'JWTs that somebody else issues',
    why: 'You fetch the issuer’s public keys and check each token yourself. You hold no secret at all.',
  },
  keys: {
    title: 'API keys',
    why: 'One string, nothing to refresh, and it is dead with the next request after you revoke it.',
  },
  hybrid: {
    title: 'All of them, behind one guard',
    why: 'Each kind of caller gets what suits it, and one policy decides for all.',
  },
};
