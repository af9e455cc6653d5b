"""Content Credentials (C2PA): certificates, signing what was made, and checking what is signed.

Needs the extra `provenance`. The libraries are imported where they are used, because they take 70 MB.
"""
