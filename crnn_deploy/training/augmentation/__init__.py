"""Augmentation of lines, as by printers, scanners, cameras and inexact crops, and of pictures that are classified."""
