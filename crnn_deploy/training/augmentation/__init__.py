"""Augmentation: training images are distorted as by printers, scanners, cameras and inexact crops."""
