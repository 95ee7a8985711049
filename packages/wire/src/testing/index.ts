/** Fakes and contract suites of this package for the tests of others. */
export {};
