"""Questions about a derivation, with their solutions, marks and usual errors; and the editions of the sheet that holds them.

asking      which questions: what a spec asks for, in the order of the derivation
solving     the solution of each kind, made of the lines of the derivation
own         questions in the teacher's own words
marking     what earns which point, and the usual errors
room        how much room an answer gets
homework    the sheet, and its editions
faded       the worked sheet with steps left blank
"""
