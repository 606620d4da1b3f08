//! unpack-attachments
