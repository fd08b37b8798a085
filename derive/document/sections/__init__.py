"""The sections of a sheet, one file each."""
