"""Code that the article shows. The part after the mark is printed; all of it is run by the test suite."""
