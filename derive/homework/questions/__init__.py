"""Questions about a derivation, with their solutions, marks and usual errors, and the judgement of their answers.

kind        what a kind of question is; `kinds` has one module for each
asking      which questions: what a spec asks for, in the order of the derivation
solving     a question with its solution, points and room
paths       the ways from the cost down to a quantity
showing     what is shown of a derivation
own         the teacher's own words
marking     what earns which point, and the usual errors
room        how much room an answer gets
judging     an answer that is a formula or numbers
"""
