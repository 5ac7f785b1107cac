"""Published problems as living documentation: statement, model, answer, assertion."""
