// A decimal is never made of a floating-point number: a tenth has no exact one.
// Says: conversion from|implicit conversion
#include "blotter/decimal.h"

blotter::Decimal tenth(double tenth_of_a_coin) {
#ifdef WRONG
  return blotter::Decimal(tenth_of_a_coin);
#else
  return tenth_of_a_coin > 0 ? blotter::Decimal(1) / blotter::Decimal(10) : blotter::Decimal();
#endif
}
